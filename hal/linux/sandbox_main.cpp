// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "hal/linux/sandbox.h"
#include "hal/linux/sandbox_filter.h"
#include "hal/linux/sandbox_walls.h"

// yoke-sandbox: runs one program in walls, for yoke-mgmt (program.h). A program of its own, small
// and linked statically, because what has to be done between fork and exec takes more than a fork
// of a large process with threads may do, and because somebody has to be the first process of the
// program's own process namespace: one who reaps, and to whom signals come as to any other.
//
// Namespaces of processes, mounts and IPC make killing certain and hide what is the unit's: as
// root, or in a user namespace where the machine lets everybody have one. Where neither is to be
// had, a program that is to be run within walls is refused; of another this process adopts what it
// leaves behind, and kills that.
namespace yoke::hal::sandbox {
namespace {

// How many of one user's there may be together where the kernel counts all of his: those of every
// sandbox, and whatever else is his.
constexpr rlim_t kSandboxesAtOnce = 64;
constexpr int kNice = 10;

struct Order {
  std::uint64_t limits[kLimits];
  char** hidden;
  std::uint64_t hidden_count;
  char** program;  // its path, then its arguments, then null
};

bool read_number(const char* word, std::uint64_t& number) {
  char* end = nullptr;
  errno = 0;
  number = ::strtoull(word, &end, 10);
  return errno == 0 && end != word && *end == '\0';
}

bool read_order(int argc, char** argv, Order& order) {
  if (argc < 1 + kLimits + 2) return false;
  char** word = argv + 1;
  for (std::uint64_t& limit : order.limits) {
    if (!read_number(*word++, limit)) return false;
  }
  if (!read_number(*word++, order.hidden_count)) return false;
  const auto left = static_cast<std::uint64_t>(argv + argc - word);
  if (order.hidden_count >= left) return false;
  order.hidden = word;
  order.program = word + order.hidden_count;
  return true;
}

void tell(Report::How how, int number, Step step = Step::kProgram) {
  const Report report{how, number, step};
  (void)::send(kLifeline, &report, sizeof report, MSG_NOSIGNAL);
}

void tell_end(int status) {
  if (WIFEXITED(status)) tell(Report::How::kExited, WEXITSTATUS(status));
  if (WIFSIGNALED(status)) tell(Report::How::kSignalled, WTERMSIG(status));
}

// Rather than those who forward.
void be_the_first_to_go() {
  constexpr char kMost[] = "900";
  const int file = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (file < 0) return;
  (void)!::write(file, kMost, sizeof kMost - 1);
  (void)::close(file);
}

void drop_bounding_set() {
  for (unsigned long capability = 0; capability < 64; ++capability) {
    (void)::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  }
}

// False with errno.
bool drop_capabilities() {
  drop_bounding_set();
  (void)::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const __user_cap_data_struct none[2]{};
  return ::syscall(SYS_capset, &header, none) == 0;
}

// 0 or errno.
int become(uid_t uid, gid_t gid) {
  if (::geteuid() == uid) return 0;
  drop_bounding_set();
  if (::setgroups(0, nullptr) != 0 || ::setresgid(gid, gid, gid) != 0 ||
      ::setresuid(uid, uid, uid) != 0) {
    return errno;
  }
  return ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0 ? 0 : errno;  // /proc/self is ours again
}

bool limit(__rlimit_resource resource, rlim_t soft, rlim_t hard) {
  const rlimit both{soft, hard};
  if (::setrlimit(resource, &both) == 0) return true;
  rlimit present{};  // it may be lower than that already
  return ::getrlimit(resource, &present) == 0 && present.rlim_max <= hard;
}

// 0 or errno. `alone`: none but those of this sandbox are counted as this user's.
int limit_all(const Order& order, bool alone) {
  const std::uint64_t* limits = order.limits;
  const rlim_t processes = alone ? limits[kProcesses] : limits[kProcesses] * kSandboxesAtOnce;
  const bool is_limited =
      limit(RLIMIT_CPU, limits[kProcessorSeconds], limits[kProcessorSeconds] + 1) &&
      limit(RLIMIT_AS, limits[kMemoryBytes], limits[kMemoryBytes]) &&
      limit(RLIMIT_FSIZE, limits[kFileBytes], limits[kFileBytes]) &&
      limit(RLIMIT_NOFILE, limits[kFiles], limits[kFiles]) &&
      limit(RLIMIT_NPROC, processes, processes) && limit(RLIMIT_CORE, 0, 0);
  return is_limited ? 0 : errno;
}

// All of them: the C library keeps two for itself, which posix_spawn(3) leaves ignored.
void default_signals() {
  constexpr int kSignals = 64;
  constexpr std::size_t kSetBytes = 8;
  const std::uint64_t action[4]{};  // as the kernel has it: SIG_DFL, no flags, nothing blocked
  for (int signal = 1; signal <= kSignals; ++signal) {
    (void)::syscall(SYS_rt_sigaction, signal, action, nullptr, kSetBytes);
  }
}

[[noreturn]] void run(const Order& order) {
  default_signals();
  (void)::umask(077);
  (void)::close_range(kLifeline, kLifeline, CLOSE_RANGE_CLOEXEC);
  (void)::close_range(kAttachment + 1, ~0U, CLOSE_RANGE_CLOEXEC);
  (void)::execv(order.program[0], order.program);
  tell(Report::How::kNotStarted, errno);
  ::_exit(127);
}

// Everything but the program itself.
Obstacle confine(const Order& order, Walls walls) {
  const auto uid = static_cast<uid_t>(order.limits[kUid]);
  const auto gid = static_cast<gid_t>(order.limits[kGid]);
  const bool is_walled = order.limits[kWalled] != 0;
  if (is_walled) {
    const Obstacle found = hide_files({order.hidden, order.hidden_count}, order.program[0]);
    if (found.error != 0) return found;
  }
  if (const int error = become(uid, gid); error != 0) return {Step::kAccount, error};
  bool alone = walls == Walls::kNamespacesAndUsers;
  if (walls == Walls::kNamespaces && uid != 0 && ::unshare(CLONE_NEWUSER) == 0) {
    map_users(uid, gid);
    alone = true;
  }
  // Without walls it is at least what this process itself may do, as nothing gives it more.
  if (!drop_capabilities() && is_walled) return {Step::kCapabilities, errno};
  if (const int error = limit_all(order, alone); error != 0) return {Step::kLimits, error};
  const int error = filter_system_calls();
  return {Step::kFilter, is_walled ? error : 0};
}

// The first process of the namespace: all others end with it.
[[noreturn]] void be_first(const Order& order, Walls walls) {
  (void)::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);  // and again: another account forgets it
  if (const Obstacle found = confine(order, walls); found.error != 0) {
    tell(Report::How::kNotStarted, found.error, found.step);
    ::_exit(0);
  }
  (void)::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  // It has the program's account, and what it tells is believed: nobody writes to its memory. What
  // it starts gets a memory of its own.
  (void)::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  const pid_t program = ::fork();
  if (program == 0) run(order);
  if (program < 0) tell(Report::How::kNotStarted, errno);
  int status = 0;
  for (pid_t ended = 0; program > 0 && ended != program;) ended = ::waitpid(-1, &status, 0);
  if (program > 0) tell_end(status);
  ::_exit(0);
}

// Whatever is a child now: those of others become ours as these end.
void kill_children() {
  char path[64];
  char text[4096];
  (void)::snprintf(path, sizeof path, "/proc/self/task/%d/children", ::getpid());
  const int file = ::open(path, O_RDONLY | O_CLOEXEC);
  const ssize_t size = file < 0 ? 0 : ::read(file, text, sizeof text - 1);
  if (file >= 0) (void)::close(file);
  text[size < 0 ? 0 : size] = '\0';
  char* end = nullptr;
  for (const char* at = text;; at = end) {
    const auto pid = static_cast<pid_t>(::strtol(at, &end, 10));
    if (end == at) return;
    // One that was cut off at the end of the text is nobody, or one of those next time.
    if (*end != '\0') (void)::kill(pid, SIGKILL);
  }
}

void end_all(pid_t child, Walls walls) {
  if (child > 0) (void)::kill(child, SIGKILL);
  for (;;) {
    if (walls == Walls::kNone) kill_children();
    if (::waitpid(-1, nullptr, 0) < 0 && errno == ECHILD) return;
  }
}

// Until the child has ended or nobody wants it any more.
int watch(pid_t child, Walls walls) {
  const int process = static_cast<int>(::syscall(SYS_pidfd_open, child, 0));
  if (process < 0) tell(Report::How::kNotStarted, errno);
  pollfd both[2]{{kLifeline, 0, 0}, {process, POLLIN, 0}};  // a hangup is told unasked
  while (process >= 0 && both[0].revents == 0 && both[1].revents == 0) (void)::poll(both, 2, -1);
  int status = 0;
  const bool has_ended = both[1].revents != 0 && ::waitpid(child, &status, WNOHANG) == child;
  end_all(has_ended ? -1 : child, walls);
  if (has_ended && walls == Walls::kNone) tell_end(status);  // else the first process has told
  return 0;
}

int refuse(Step step) {
  tell(Report::How::kNotStarted, errno, step);
  return 0;
}

int run_in_sandbox(const Order& order) {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return refuse(Step::kCapabilities);
  (void)::umask(022);
  be_the_first_to_go();
  (void)::setpriority(PRIO_PROCESS, 0, kNice);
  if (::chdir("/") != 0) return 1;
  const Walls walls = build_walls();
  if (walls == Walls::kNone && order.limits[kWalled] != 0) return refuse(Step::kNamespaces);
  if (walls == Walls::kNone) (void)::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);

  const pid_t child = ::fork();
  if (child < 0) {
    tell(Report::How::kNotStarted, errno);
    return 0;
  }
  if (child > 0) return watch(child, walls);
  // Out of our process group: what the program sends to its own is not for the one that watches.
  if (::setsid() < 0) {
    tell(Report::How::kNotStarted, errno);
    ::_exit(127);
  }
  if (walls != Walls::kNone) be_first(order, walls);
  if (const Obstacle found = confine(order, walls); found.error != 0) {
    tell(Report::How::kNotStarted, found.error, found.step);
    ::_exit(127);
  }
  run(order);
}

}  // namespace
}  // namespace yoke::hal::sandbox

int main(int argc, char** argv) {
  yoke::hal::sandbox::Order order{};
  if (yoke::hal::sandbox::read_order(argc, argv, order)) {
    return yoke::hal::sandbox::run_in_sandbox(order);
  }
  (void)::fprintf(stderr, "yoke-sandbox: it is run by yoke-mgmt alone\n");
  return 2;
}
