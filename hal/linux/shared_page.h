// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <tl/expected.hpp>

#include "hal/base/file_descriptor.h"
#include "hal/linux/bus_guard.h"

// Memory that one process writes and others read, by way of a small file below /run: whole pages,
// two at most. Whatever becomes of the file, nobody crashes: BusGuard.
namespace yoke::hal {

// The writer's. The file is made where it is not there, filled with zeros, and stays. Threads:
// owned by one.
class SharedPage {
 public:
  // errno; EWOULDBLOCK: another process writes it. EINVAL: it is no ordinary file.
  [[nodiscard]] static tl::expected<std::unique_ptr<SharedPage>, int> open(const std::string& path,
                                                                           std::size_t bytes);
  SharedPage(const SharedPage&) = delete;
  SharedPage& operator=(const SharedPage&) = delete;
  ~SharedPage();

  [[nodiscard]] void* memory() const noexcept { return memory_; }
  // Whether readers still see what is written: the file at the path is this one, and always was
  // whole when it was written to. Once false it does not matter what becomes of the file: open it
  // anew, behind the destruction of this one, which holds the lock.
  [[nodiscard]] bool is_shared() const;

 private:
  SharedPage(std::string path, FileDescriptor fd, void* memory, std::size_t bytes);

  std::string path_;
  FileDescriptor fd_;  // with the lock
  void* memory_;
  std::size_t bytes_;
  BusGuard guard_;
};

// A reader's: the same address as long as it lives, whatever file there is, and zeros while there
// is none that is accepted. Threads: follow() by one; the memory is any's, and may change to that
// of another file while it is read.
class SharedPageView {
 public:
  // Null: no memory.
  [[nodiscard]] static std::unique_ptr<SharedPageView> make(std::size_t bytes);
  SharedPageView(const SharedPageView&) = delete;
  SharedPageView& operator=(const SharedPageView&) = delete;
  ~SharedPageView();

  [[nodiscard]] const void* memory() const noexcept { return memory_; }

  // Call it now and then: shows the file at `path` if it is whole and `accepts` what is in it, also
  // where it is another than before, and zeros if not. Returns whether there is one.
  bool follow(const std::string& path, const std::function<bool(const void*)>& accepts);
  // What follow() has found last.
  enum class Sight : std::uint8_t {
    kShown,
    kMissing,  // there is nothing at the path, or follow() was not called yet
    kNoFile,   // something else, too short, or not ours to read
    kRefused,  // not accepted
  };
  [[nodiscard]] Sight sight() const noexcept { return sight_; }

 private:
  SharedPageView(void* memory, std::size_t bytes);
  [[nodiscard]] bool shows(const std::string& path) const;
  [[nodiscard]] Sight show(const std::string& path,
                           const std::function<bool(const void*)>& accepts);
  void show_nothing();

  void* memory_;
  std::size_t bytes_;
  FileDescriptor fd_;  // of the file that is shown
  BusGuard guard_;
  Sight sight_ = Sight::kMissing;
};

// What is another after each start of the machine; empty: the kernel does not tell.
[[nodiscard]] std::string boot_id();

}  // namespace yoke::hal
