// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>
#include <systemd/sd-event.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hal/base/file_descriptor.h"
#include "hal/linux/event.h"

// A program of somebody else's, run without a shell and without waiting for it, in a sandbox that
// another program, yoke-sandbox, makes around it. Threads: the loop's.
namespace yoke::hal {

// What a program may use; `time` and `processes` are of all that it starts together, the rest of
// each process.
struct ProgramLimits {
  std::chrono::milliseconds time{1000};
  std::chrono::seconds processor{10};
  std::uint64_t memory_bytes = std::uint64_t{512} << 20;  // of address space
  std::uint64_t file_bytes = std::uint64_t{1} << 20;
  unsigned processes = 32;
  unsigned files = 64;                // open at once
  std::size_t output_bytes = 65'536;  // and as much on its standard error
};

struct Account {
  uid_t uid = 0;
  gid_t gid = 0;
};
// Whom to run as what needs no rights: yoke-check where there is such a user, else nobody. Reads
// the user database.
[[nodiscard]] Account unprivileged_account();

inline constexpr std::string_view kAttachmentPath = "/proc/self/fd/4";

struct ProgramPlan {
  std::string path;
  std::vector<std::string> arguments = {};    // behind its own name
  std::vector<std::string> environment = {};  // "NAME=value": all that there is of it
  std::string input = {};                     // what it reads
  std::string attachment = {};  // what else it may read, at kAttachmentPath; empty: there is none
  ProgramLimits limits = {};
  // Where this process is root; else, and without, as ourselves. Without capabilities either way.
  std::optional<Account> account = {};
  // It changes no file, /tmp is its own and empty, and it sees no processes but its own; where any
  // of that cannot be had it is not started.
  bool walls = false;
  // Within walls: these are empty, but for the folder that it lies in. Those that are not there are
  // left out.
  std::vector<std::string> hidden_folders = {};
};

struct ProgramEnd {
  enum class How : std::uint8_t {
    kExited,         // number: its status
    kSignalled,      // number: the signal
    kOutOfTime,      // ended by us
    kTooMuchOutput,  // the same
    kNotStarted,     // number: errno
  };
  How how = How::kNotStarted;
  int number = 0;
  std::string output, error;  // the first bytes of each
  // Of kNotStarted: what the sandbox could not do, behind "the sandbox cannot"; empty where it is
  // the program itself that cannot be executed.
  std::string_view wall = {};
};

// "the sandbox cannot make namespaces: Operation not permitted", of one that was not started.
[[nodiscard]] std::string why_not_started(const ProgramEnd& end);

// One run. Once it has ended, is out of time or is not wanted any more, all that it started is
// killed, wherever that went; so it is when this process dies. None is left unreaped while the loop
// turns.
class Program {
 public:
  using Done = std::function<void(ProgramEnd)>;

  // `done` is called once, from the loop and never from within; it may destroy the Program.
  Program(sd_event* event, const ProgramPlan& plan, Done done);
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program();

 private:
  struct Child;
  // One of its two outputs.
  struct Output {
    FileDescriptor pipe;
    std::string text;
    bool is_too_long = false;
    std::unique_ptr<IoSource> source;
  };

  [[nodiscard]] int start(sd_event* event, const ProgramPlan& plan);  // errno
  [[nodiscard]] int watch(sd_event* event, pid_t pid);                // the same
  [[nodiscard]] bool read(Output& output);
  [[nodiscard]] bool read_all();
  void on_output(Output& output);
  void on_late();
  void on_ended();
  void end(ProgramEnd::How how, int number, std::string_view wall = {});
  static int on_child(sd_event_source* source, int fd, std::uint32_t events, void* child);

  std::size_t output_bytes_;
  Done done_;
  int error_ = 0;            // why it was not started
  FileDescriptor lifeline_;  // it is killed once that is closed; how it ended comes from there
  std::array<Output, 2> outputs_;
  Child* child_ = nullptr;  // the loop's, until it has ended
  Timer not_started_, late_;
};

}  // namespace yoke::hal
