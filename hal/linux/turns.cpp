// SPDX-License-Identifier: Apache-2.0
#include "hal/linux/turns.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <utility>

namespace yoke::hal {

Turns::Turns(sd_event* event)
    : event_(event),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      woken_(event, wake_.get(), EPOLLIN,
             [this](std::uint32_t) {
               eventfd_t times = 0;
               (void)::eventfd_read(wake_.get(), &times);
             }),
      thread_([this] { work_on(); }) {}

Turns::~Turns() { stop(); }

// sd_event_loop(), but for the turn that is given away while there is nothing to do:
// sd_event_wait() would keep it.
int Turns::run() {
  if (!std::exchange(has_run_, true)) leave();
  for (;;) {
    enter();
    const bool is_over = sd_event_get_state(event_) == SD_EVENT_FINISHED;
    int ready = is_over ? 0 : sd_event_prepare(event_);
    if (ready == 0 && !is_over) {
      leave();
      pollfd events{.fd = sd_event_get_fd(event_), .events = POLLIN, .revents = 0};
      (void)::poll(&events, 1, -1);
      enter();
      ready = sd_event_wait(event_, 0);
    }
    if (ready > 0) ready = sd_event_dispatch(event_);
    leave();
    if (ready < 0) return ready;
    if (is_over) break;
  }
  int code = 0;
  const int told = sd_event_get_exit_code(event_, &code);
  return told < 0 ? told : code;
}

void Turns::post(std::function<void()> job) {
  {
    const std::lock_guard held(posting_);
    jobs_.push_back(std::move(job));
  }
  posted_.notify_one();
}

void Turns::aside(const std::function<void()>& work) {
  if (std::this_thread::get_id() != thread_.get_id()) {
    work();
    return;
  }
  leave();
  wake();
  work();
  enter();
}

void Turns::stop() {
  {
    const std::lock_guard held(posting_);
    stopping_ = true;
  }
  posted_.notify_one();
  if (!std::exchange(has_run_, true)) leave();
  if (thread_.joinable()) thread_.join();
  jobs_.clear();
}

void Turns::enter() {
  std::unique_lock held(turn_);
  const std::uint64_t mine = asked_++;
  passed_.wait(held, [&] { return served_ == mine; });
}

void Turns::leave() {
  {
    const std::lock_guard held(turn_);
    ++served_;
  }
  passed_.notify_all();
}

bool Turns::is_stopping() {
  const std::lock_guard held(posting_);
  return stopping_;
}

void Turns::wake() { (void)::eventfd_write(wake_.get(), 1); }

void Turns::work_on() {
  for (;;) {
    std::unique_lock held(posting_);
    posted_.wait(held, [this] { return stopping_ || !jobs_.empty(); });
    if (stopping_) return;
    auto job = std::move(jobs_.front());
    jobs_.pop_front();
    held.unlock();
    enter();
    if (is_stopping()) return leave();
    job();
    job = nullptr;  // what it holds goes within the turn as well
    leave();
    wake();
  }
}

}  // namespace yoke::hal
