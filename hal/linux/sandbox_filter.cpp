// SPDX-License-Identifier: Apache-2.0
#include "hal/linux/sandbox_filter.h"

#include <asm/ioctls.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstdint>

// A list of what is denied, not of what is allowed: programs are of any kind, each release of their
// libraries calls something new, and the walls are namespaces and an account without rights; this
// takes from within them what has broken such walls before. In the kernel's own words, because
// these are thirty lines, and a library for them would be linked into each start of a program.
namespace yoke::hal::sandbox {
namespace {

constexpr std::uint32_t kDenied[]{
    // what there is to see of files
    SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_move_mount, SYS_open_tree, SYS_fsopen,
    SYS_fsconfig, SYS_fsmount, SYS_fspick, SYS_mount_setattr, SYS_open_by_handle_at,
    SYS_name_to_handle_at, SYS_quotactl, SYS_quotactl_fd, SYS_fanotify_init,
    // other namespaces, other processes
    SYS_unshare, SYS_setns, SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_kcmp,
    SYS_pidfd_getfd, SYS_process_madvise, SYS_move_pages, SYS_migrate_pages,
    // code and rings that the kernel runs, keys that it keeps
    SYS_bpf, SYS_perf_event_open, SYS_userfaultfd, SYS_io_uring_setup, SYS_io_uring_enter,
    SYS_io_uring_register, SYS_keyctl, SYS_add_key, SYS_request_key, SYS_init_module,
    SYS_finit_module, SYS_delete_module, SYS_kexec_load, SYS_kexec_file_load, SYS_modify_ldt,
    // the machine
    SYS_reboot, SYS_swapon, SYS_swapoff, SYS_acct, SYS_syslog, SYS_vhangup, SYS_iopl, SYS_ioperm,
    SYS_settimeofday, SYS_clock_settime, SYS_adjtimex, SYS_clock_adjtime, SYS_sethostname,
    SYS_setdomainname, SYS_lookup_dcookie};

constexpr std::uint32_t kSocketFamilies[]{AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};
// What is typed for somebody else at his terminal.
constexpr std::uint32_t kTerminalRequests[]{TIOCSTI, TIOCLINUX};

constexpr std::uint32_t kForeignCalls = 0x40000000;  // x32's, from here on
constexpr std::uint32_t kNewSpaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
                                     CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;

// A program for the kernel, written line by line.
class Filter {
 public:
  void load(std::size_t offset) {
    add(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset));
  }
  // A call's argument, of which these look at the lower half.
  void load_argument(std::size_t index) {
    load(offsetof(seccomp_data, args) + index * sizeof(std::uint64_t));
  }
  void give(std::uint32_t verdict) { add(BPF_RET | BPF_K, verdict); }
  void give_if(std::uint16_t comparison, std::uint32_t value, std::uint32_t verdict) {
    add(static_cast<std::uint16_t>(BPF_JMP | comparison | BPF_K), value, 0, 1);
    give(verdict);
  }
  // Goes on with what is written between this and here(), of this call alone.
  std::size_t only_if(std::uint32_t value) {
    add(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 0);
    return size_ - 1;
  }
  void here(std::size_t from) { lines_[from].jf = static_cast<std::uint8_t>(size_ - from - 1); }
  [[nodiscard]] sock_fprog program() {
    return {static_cast<unsigned short>(size_), lines_};  // NOLINT: the kernel's word
  }
  [[nodiscard]] bool is_whole() const { return size_ < kLines; }

 private:
  void add(std::uint16_t code, std::uint32_t value, std::uint8_t yes = 0, std::uint8_t no = 0) {
    lines_[size_] = {code, yes, no, value};
    if (size_ + 1 < kLines)
      ++size_;
    else
      size_ = kLines;
  }
  static constexpr std::size_t kLines = 256;
  sock_filter lines_[kLines + 1]{};
  std::size_t size_ = 0;
};

constexpr std::uint32_t refused(int error) {
  return SECCOMP_RET_ERRNO | (static_cast<std::uint32_t>(error) & SECCOMP_RET_DATA);
}

void deny_some_of_a_call(Filter& filter) {
  const std::size_t clone = filter.only_if(SYS_clone);
  filter.load_argument(0);
  filter.give_if(BPF_JSET, kNewSpaces, refused(EPERM));
  filter.give(SECCOMP_RET_ALLOW);
  filter.here(clone);

  const std::size_t socket = filter.only_if(SYS_socket);
  filter.load_argument(0);
  for (const std::uint32_t family : kSocketFamilies) {
    filter.give_if(BPF_JEQ, family, SECCOMP_RET_ALLOW);
  }
  filter.give(refused(EAFNOSUPPORT));
  filter.here(socket);

  const std::size_t ioctl = filter.only_if(SYS_ioctl);
  filter.load_argument(1);
  for (const std::uint32_t request : kTerminalRequests) {
    filter.give_if(BPF_JEQ, request, refused(EPERM));
  }
  filter.give(SECCOMP_RET_ALLOW);
  filter.here(ioctl);
}

}  // namespace

int filter_system_calls() {
  Filter filter;
  filter.load(offsetof(seccomp_data, arch));
  const std::size_t ours = filter.only_if(AUDIT_ARCH_X86_64);
  filter.load(offsetof(seccomp_data, nr));
  filter.give_if(BPF_JGE, kForeignCalls, refused(ENOSYS));
  // Its flags lie where a filter does not see them; libraries do with clone instead.
  filter.give_if(BPF_JEQ, SYS_clone3, refused(ENOSYS));
  deny_some_of_a_call(filter);
  for (const std::uint32_t call : kDenied) filter.give_if(BPF_JEQ, call, refused(EPERM));
  filter.give(SECCOMP_RET_ALLOW);
  filter.here(ours);
  filter.give(SECCOMP_RET_KILL_PROCESS);
  if (!filter.is_whole()) return E2BIG;
  sock_fprog program = filter.program();
  return ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0 ? 0 : errno;
}

}  // namespace yoke::hal::sandbox
