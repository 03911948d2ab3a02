// SPDX-License-Identifier: Apache-2.0
#include "hal/linux/program.h"

#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "hal/linux/sandbox.h"

namespace yoke::hal {
namespace {

using sandbox::Report;

constexpr std::size_t kPartBytes = 16'384;  // what a turn of the loop reads

// Above those that the program is given, so that putting one in place overwrites no other.
FileDescriptor raised(FileDescriptor fd) {
  if (!fd || fd.get() > sandbox::kAttachment) return fd;
  return FileDescriptor(::fcntl(fd.get(), F_DUPFD_CLOEXEC, sandbox::kAttachment + 1));
}

struct Pair {
  FileDescriptor ours, theirs;
  [[nodiscard]] explicit operator bool() const { return ours && theirs; }
};

Pair make_pipe() {
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return {};
  FileDescriptor ours(ends[0]);
  FileDescriptor theirs(ends[1]);
  (void)::fcntl(ours.get(), F_SETFL, O_NONBLOCK);
  return {std::move(ours), raised(std::move(theirs))};
}

Pair make_lifeline() {
  std::array<int, 2> ends{-1, -1};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) != 0) {
    return {};
  }
  FileDescriptor ours(ends[0]);
  return {std::move(ours), raised(FileDescriptor(ends[1]))};
}

FileDescriptor nothing() {
  return raised(FileDescriptor(::open("/dev/null", O_RDONLY | O_CLOEXEC)));
}

// All of it is there before the program starts, so that nobody waits for anybody.
FileDescriptor file_of(std::string_view text) {
  FileDescriptor file(::memfd_create("input", MFD_CLOEXEC));
  while (file && !text.empty()) {
    const ssize_t n = ::write(file.get(), text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return FileDescriptor();
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  if (file && ::lseek(file.get(), 0, SEEK_SET) != 0) return FileDescriptor();
  return raised(std::move(file));
}

// The sandbox lies beside this very program, wherever that was put.
std::string sandbox_path() {
  std::string path(4096, '\0');
  const ssize_t size = ::readlink("/proc/self/exe", path.data(), path.size());
  path.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
  return path.substr(0, path.rfind('/') + 1) + "yoke-sandbox";
}

std::vector<std::string> words_of(const ProgramPlan& plan) {
  const ProgramLimits& limits = plan.limits;
  const bool becomes = plan.account && ::geteuid() == 0;
  const Account account = becomes ? *plan.account : Account{::geteuid(), ::getegid()};
  std::array<std::uint64_t, sandbox::kLimits> numbers{};
  numbers[sandbox::kUid] = account.uid;
  numbers[sandbox::kGid] = account.gid;
  numbers[sandbox::kWalled] = plan.walls ? 1 : 0;
  numbers[sandbox::kProcessorSeconds] = static_cast<std::uint64_t>(limits.processor.count());
  numbers[sandbox::kMemoryBytes] = limits.memory_bytes;
  numbers[sandbox::kFileBytes] = limits.file_bytes;
  numbers[sandbox::kProcesses] = limits.processes;
  numbers[sandbox::kFiles] = limits.files;
  std::vector<std::string> words{"yoke-sandbox"};
  for (const std::uint64_t number : numbers) words.push_back(std::to_string(number));
  words.push_back(std::to_string(plan.hidden_folders.size()));
  words.insert(words.end(), plan.hidden_folders.begin(), plan.hidden_folders.end());
  words.push_back(plan.path);
  words.insert(words.end(), plan.arguments.begin(), plan.arguments.end());
  return words;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// What the sandbox is given: a session and signals of its own, and no files but these.
class Spawning {
 public:
  explicit Spawning(const std::vector<int>& files) {
    (void)posix_spawn_file_actions_init(&files_);
    (void)posix_spawnattr_init(&attributes_);
    for (std::size_t i = 0; i < files.size(); ++i) {
      note(posix_spawn_file_actions_adddup2(&files_, files[i], static_cast<int>(i)));
    }
    note(posix_spawn_file_actions_addclosefrom_np(&files_, static_cast<int>(files.size())));
    sigset_t none{}, all{};
    (void)sigemptyset(&none);
    (void)sigfillset(&all);
    note(posix_spawnattr_setsigmask(&attributes_, &none));
    note(posix_spawnattr_setsigdefault(&attributes_, &all));
    note(posix_spawnattr_setflags(
        &attributes_, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF));
  }
  Spawning(const Spawning&) = delete;
  Spawning& operator=(const Spawning&) = delete;
  ~Spawning() {
    (void)posix_spawn_file_actions_destroy(&files_);
    (void)posix_spawnattr_destroy(&attributes_);
  }
  // Whatever the size of this process, whose memory is not copied for it. 0 and its number, or
  // errno.
  int run(const ProgramPlan& plan, pid_t& pid) const {
    if (error_ != 0) return error_;
    std::vector<std::string> words = words_of(plan);
    std::vector<std::string> environment = plan.environment;
    return ::posix_spawn(&pid, sandbox_path().c_str(), &files_, &attributes_,
                         pointers_to(words).data(), pointers_to(environment).data());
  }

 private:
  void note(int error) { error_ = error_ == 0 ? error : error_; }

  posix_spawn_file_actions_t files_{};
  posix_spawnattr_t attributes_{};
  int error_ = 0;
};

}  // namespace

Account unprivileged_account() {
  for (const char* const name : {"yoke-check", "nobody"}) {
    if (const passwd* const user = ::getpwnam(name)) return {user->pw_uid, user->pw_gid};
  }
  return {65534, 65534};
}

std::string why_not_started(const ProgramEnd& end) {
  std::string reason = std::generic_category().message(end.number);
  if (end.wall.empty()) return reason;
  return "the sandbox cannot " + std::string(end.wall) + ": " + reason;
}

// The sandbox as a child of this process. The loop owns it, for it may end after the Program.
struct Program::Child {
  pid_t pid;
  FileDescriptor process;  // a pidfd(2): readable once it has ended
  Program* program;        // null once nobody wants to know
};

Program::Program(sd_event* event, const ProgramPlan& plan, Done done)
    : output_bytes_(plan.limits.output_bytes),
      done_(std::move(done)),
      not_started_(event, [this] { end(ProgramEnd::How::kNotStarted, error_); }),
      late_(event, [this] { on_late(); }) {
  error_ = start(event, plan);
  if (error_ == 0) late_.start(plan.limits.time);
  if (error_ != 0) not_started_.start(std::chrono::milliseconds(0));
}

Program::~Program() {
  if (child_ != nullptr) child_->program = nullptr;
}

int Program::start(sd_event* event, const ProgramPlan& plan) {
  errno = 0;
  const FileDescriptor input = plan.input.empty() ? nothing() : file_of(plan.input);
  const FileDescriptor attachment =
      plan.attachment.empty() ? FileDescriptor() : file_of(plan.attachment);
  std::array<Pair, 2> pipes{make_pipe(), make_pipe()};
  Pair line = make_lifeline();
  if (!input || !pipes[0] || !pipes[1] || !line) return errno == 0 ? ENOMEM : errno;
  if (!attachment && !plan.attachment.empty()) return errno == 0 ? ENOMEM : errno;
  std::vector<int> files{input.get(), pipes[0].theirs.get(), pipes[1].theirs.get(),
                         line.theirs.get()};
  if (attachment) files.push_back(attachment.get());
  const Spawning spawning(files);
  pid_t pid = -1;
  if (const int error = spawning.run(plan, pid); error != 0) return error;
  lifeline_ = std::move(line.ours);
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    Output& output = outputs_[i];
    output.pipe = std::move(pipes[i].ours);
    output.source = std::make_unique<IoSource>(
        event, output.pipe.get(), EPOLLIN, [this, &output](std::uint32_t) { on_output(output); });
  }
  const int error = watch(event, pid);
  if (error == 0) return 0;
  (void)::kill(pid, SIGKILL);  // what it has begun ends with it
  (void)::waitpid(pid, nullptr, 0);
  return error;
}

int Program::watch(sd_event* event, pid_t pid) {
  auto child = std::make_unique<Child>();
  child->pid = pid;
  child->program = this;
  child->process = FileDescriptor(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!child->process) return errno;
  sd_event_source* source = nullptr;
  const int rc =
      sd_event_add_io(event, &source, child->process.get(), EPOLLIN, on_child, child.get());
  if (rc < 0) return -rc;
  (void)sd_event_source_set_destroy_callback(source,
                                             [](void* self) { delete static_cast<Child*>(self); });
  child_ = child.release();
  (void)sd_event_source_set_floating(source, 1);
  (void)sd_event_source_unref(source);
  return 0;
}

int Program::on_child(sd_event_source* source, int /*fd*/, std::uint32_t /*events*/, void* self) {
  auto* const child = static_cast<Child*>(self);
  (void)::waitpid(child->pid, nullptr, WNOHANG);
  Program* const program = child->program;
  (void)sd_event_source_set_floating(source, 0);  // gone, and the child with it, once we return
  if (program == nullptr) return 0;
  program->child_ = nullptr;
  program->on_ended();
  return 0;
}

// A piece each turn of the loop; false once there is none, or there is too much.
bool Program::read(Output& output) {
  std::array<char, kPartBytes> part;  // NOLINT: written before it is read
  const ssize_t n = ::read(output.pipe.get(), part.data(), part.size());
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return false;
  if (n <= 0) output.source->watch(0);
  if (n <= 0) return false;
  const std::string_view bytes(part.data(), static_cast<std::size_t>(n));
  const std::size_t room = output_bytes_ - output.text.size();
  output.text += bytes.substr(0, room);
  output.is_too_long = bytes.size() > room;
  return !output.is_too_long;
}

// False where there is more than is kept.
bool Program::read_all() {
  for (Output& output : outputs_) {
    while (read(output)) continue;
    if (output.is_too_long) return false;
  }
  return true;
}

void Program::on_output(Output& output) {
  (void)read(output);
  if (output.is_too_long) end(ProgramEnd::How::kTooMuchOutput, 0);
}

void Program::on_late() {
  // It may have ended in time, and we be late.
  char report = 0;
  if (::recv(lifeline_.get(), &report, sizeof report, MSG_PEEK | MSG_DONTWAIT) > 0) {
    return on_ended();
  }
  (void)read_all();
  end(ProgramEnd::How::kOutOfTime, 0);
}

// Nobody is left who could write any more.
void Program::on_ended() {
  if (!read_all()) return end(ProgramEnd::How::kTooMuchOutput, 0);
  Report report;
  if (::recv(lifeline_.get(), &report, sizeof report, 0) != ssize_t{sizeof report}) {
    return end(ProgramEnd::How::kSignalled, SIGKILL);  // what held it was killed
  }
  const auto step = static_cast<std::size_t>(report.step);
  switch (report.how) {
    case Report::How::kExited:
      return end(ProgramEnd::How::kExited, report.number);
    case Report::How::kSignalled:
      return end(ProgramEnd::How::kSignalled, report.number);
    case Report::How::kNotStarted:
      if (step >= sandbox::kStepWords.size()) break;
      return end(ProgramEnd::How::kNotStarted, report.number, sandbox::kStepWords[step]);
  }
  end(ProgramEnd::How::kSignalled, SIGKILL);  // nobody of ours has told that
}

void Program::end(ProgramEnd::How how, int number, std::string_view wall) {
  late_.stop();
  lifeline_.reset();
  if (child_ != nullptr) std::exchange(child_, nullptr)->program = nullptr;
  for (Output& output : outputs_) output.source.reset();
  const Done done = std::move(done_);
  done({how, number, std::move(outputs_[0].text), std::move(outputs_[1].text), wall});
}

}  // namespace yoke::hal
