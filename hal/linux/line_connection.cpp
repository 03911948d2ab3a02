// SPDX-License-Identifier: Apache-2.0
#include "hal/linux/line_connection.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <utility>

namespace yoke::hal {
namespace {

constexpr auto kStalled = std::chrono::seconds(30);
constexpr std::size_t kChunk = 65536;

}  // namespace

LineConnection::LineConnection(sd_event* event, FileDescriptor fd, const LineServer::Config& config,
                               std::unique_ptr<LineSession> session,
                               std::function<void(LineConnection*)> ended)
    : fd_(std::move(fd)),
      config_(config),
      session_(std::move(session)),
      ended_(std::move(ended)),
      input_(config.line_bytes_max),
      io_(event, fd_.get(), EPOLLIN, [this](std::uint32_t events) { on_ready(events); }),
      stalled_(event, [this] { end(); }) {}

void LineConnection::end() {
  const auto ended = ended_;  // kept for the length of a call that destroys us
  ended(this);
}

void LineConnection::refuse(const Error& error) {
  queue(config_.error_line(error));
  closing_ = true;
  update_watch();
}

void LineConnection::dismiss(const Error& error) {
  queue(config_.error_line(error));
  (void)write_some();
  end();
}

std::optional<MonoTime> LineConnection::resting_since() const {
  const bool rests = session_ && !answering_ && !line_waiting_ && !closing_ && output_.empty();
  return rests ? std::optional(heard_) : std::nullopt;
}

// One turn: a chunk in, a request answered, a chunk out. What is left waits for the next turn, so
// that one client's work comes between that of the others.
void LineConnection::on_ready(std::uint32_t events) {
  bool open = (events & (EPOLLHUP | EPOLLERR)) == 0 || (events & EPOLLIN) != 0;
  if (open && (events & EPOLLIN) != 0) open = read_some();
  if (open && output_.empty() && !closing_) answer_next();
  go_on(open);
}

void LineConnection::go_on(bool open) {
  is_late_ = answering_;
  if (is_late_) {
    io_.watch(0);  // not even for its end: the answer's session lives as long as we do
    return;
  }
  if (open && !output_.empty()) open = write_some();
  const bool done = output_.empty() && (closing_ || (input_ended_ && !line_waiting_));
  if (!open || done) {
    end();
    return;
  }
  update_watch();
}

bool LineConnection::read_some() {
  std::array<char, kChunk> chunk;
  const ssize_t n = ::recv(fd_.get(), chunk.data(), chunk.size(), MSG_DONTWAIT);
  if (n > 0) {
    heard_ = MonoClock::now();
    input_.append({chunk.data(), static_cast<std::size_t>(n)});
    line_waiting_ = true;
    return true;
  }
  if (n == 0) {
    input_ended_ = true;
    return true;
  }
  return errno == EAGAIN || errno == EINTR;
}

bool LineConnection::write_some() {
  const ssize_t n = ::send(fd_.get(), output_.data() + written_, output_.size() - written_,
                           MSG_DONTWAIT | MSG_NOSIGNAL);
  if (n < 0) return errno == EAGAIN || errno == EINTR;
  written_ += static_cast<std::size_t>(n);
  heard_ = MonoClock::now();
  if (n > 0) stalled_.start(kStalled);
  if (written_ < output_.size()) return true;
  output_ = {};  // and its memory: an answer may be large
  written_ = 0;
  stalled_.stop();
  return true;
}

void LineConnection::answer_next() {
  const auto line = input_.take();
  line_waiting_ = line.has_value();
  if (line) {
    answering_ = true;
    session_->take(*line, [this](const LineSession::Answer& answer) { on_answer(answer); });
  } else if (input_.too_long()) {
    refuse({Errc::kInvalid, "E-612",
            "the line is longer than " + std::to_string(config_.line_bytes_max) + " bytes", -1});
  }
}

void LineConnection::on_answer(const LineSession::Answer& answer) {
  answering_ = false;
  closing_ = answer.ends_session;
  queue(answer.line);
  if (is_late_) go_on(true);
}

void LineConnection::queue(const std::string& line) {
  output_ += line;
  output_ += '\n';
  stalled_.start(kStalled);
}

void LineConnection::update_watch() {
  const bool may_answer = line_waiting_ && !closing_;
  std::uint32_t events = 0;
  if (!output_.empty() || may_answer) events |= EPOLLOUT;  // writable: our next turn
  if (output_.empty() && !line_waiting_ && !input_ended_ && !closing_) events |= EPOLLIN;
  io_.watch(events);
}

}  // namespace yoke::hal
