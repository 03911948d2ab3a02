// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <new>
#include <type_traits>
#include <utility>

// A large zeroed array in memory of its own, on huge pages where the kernel gives them. Backed from
// the start, since a worker must never meet a page fault; or as it is used, for what most units
// never use. Threads: owned by one.
namespace yoke::lb {

template <typename T>
class PageArray {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

 public:
  enum class Backed : std::uint8_t { kAtOnce, kAsUsed };
  explicit PageArray(std::size_t size, Backed backed = Backed::kAtOnce)
      : size_(size), bytes_(size * sizeof(T)) {
    void* memory =
        ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    if (backed == Backed::kAtOnce) {
      (void)::madvise(memory, bytes_, MADV_HUGEPAGE);  // advice: without it the array works as well
      (void)::madvise(memory, bytes_, MADV_POPULATE_WRITE);
    }
    data_ = static_cast<T*>(memory);
  }
  PageArray(PageArray&& other) noexcept
      : size_(std::exchange(other.size_, 0)),
        bytes_(std::exchange(other.bytes_, 0)),
        data_(std::exchange(other.data_, nullptr)) {}
  PageArray(const PageArray&) = delete;
  PageArray& operator=(const PageArray&) = delete;
  PageArray& operator=(PageArray&&) = delete;
  ~PageArray() {
    if (data_ != nullptr) (void)::munmap(data_, bytes_);
  }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] T& operator[](std::size_t i) noexcept { return data_[i]; }
  [[nodiscard]] const T& operator[](std::size_t i) const noexcept { return data_[i]; }

 private:
  std::size_t size_;
  std::size_t bytes_;
  T* data_ = nullptr;
};

}  // namespace yoke::lb
