// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "hal/base/clock.h"
#include "hal/base/file_descriptor.h"
#include "hal/linux/event.h"
#include "hal/linux/line_buffer.h"
#include "hal/linux/line_server.h"

namespace yoke::hal {

// One client of a LineServer, never waited for. A request is read only when the answer to the one
// before has been taken, so what is held for a client is one request and one answer; a client that
// takes nothing for half a minute is let go. Threads: the loop's.
class LineConnection {
 public:
  // `ended` is called once, last of all, and may destroy the connection. Without a session the
  // caller calls refuse().
  LineConnection(sd_event* event, FileDescriptor fd, const LineServer::Config& config,
                 std::unique_ptr<LineSession> session, std::function<void(LineConnection*)> ended);

  // Tells the client why and lets it go.
  void refuse(const Error& error);
  // The same, at once: of one that rests. Ends the connection.
  void dismiss(const Error& error);

  // Since when nothing is asked nor answered; nothing while something is, or no session is there.
  [[nodiscard]] std::optional<MonoTime> resting_since() const;
  [[nodiscard]] bool holds_work() const { return session_ && session_->holds_work(); }

 private:
  void on_ready(std::uint32_t events);
  // False: the connection is over.
  [[nodiscard]] bool read_some();
  [[nodiscard]] bool write_some();
  void answer_next();
  void on_answer(const LineSession::Answer& answer);
  void go_on(bool open);
  void queue(const std::string& line);
  void update_watch();
  void end();

  FileDescriptor fd_;
  const LineServer::Config& config_;
  std::unique_ptr<LineSession> session_;
  std::function<void(LineConnection*)> ended_;
  LineBuffer input_;
  std::string output_;
  std::size_t written_ = 0;
  MonoTime heard_ = MonoClock::now();  // or told
  bool line_waiting_ = false;          // input_ may hold a complete line
  bool answering_ = false;             // the session has a line and owes its answer
  bool is_late_ = false;               // and we have gone on meanwhile
  bool input_ended_ = false;           // the client writes no more
  bool closing_ = false;               // nothing more is read; over when output_ is written
  IoSource io_;
  Timer stalled_;
};

}  // namespace yoke::hal
