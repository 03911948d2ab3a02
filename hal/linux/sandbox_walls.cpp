// SPDX-License-Identifier: Apache-2.0
#include "hal/linux/sandbox_walls.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace yoke::hal::sandbox {
namespace {

constexpr size_t kPathBytes = 4096;

void write_file(const char* path, const char* text) {
  const int file = ::open(path, O_WRONLY | O_CLOEXEC);
  if (file < 0) return;
  (void)!::write(file, text, ::strlen(text));
  (void)::close(file);
}

bool is_below(const char* path, const char* folder) {
  const size_t size = ::strlen(folder);
  return ::strncmp(path, folder, size) == 0 && path[size] == '/';
}

void make_folders(char* path) {
  for (char* slash = ::strchr(path + 1, '/'); slash != nullptr; slash = ::strchr(slash + 1, '/')) {
    *slash = '\0';
    (void)::mkdir(path, 0755);
    *slash = '/';
  }
  (void)::mkdir(path, 0755);
}

bool make_read_only(const char* path, unsigned flags) {
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID;
  attributes.propagation = MS_PRIVATE;
  return ::mount_setattr(AT_FDCWD, path, flags, &attributes, sizeof attributes) == 0;
}

// Puts the folder back that was taken before something was mounted over it.
bool put_back(int tree, char* kept) {
  make_folders(kept);
  return ::move_mount(tree, "", AT_FDCWD, kept, MOVE_MOUNT_F_EMPTY_PATH) == 0;
}

// An empty one in its place, in which the folder `kept` is again if it was in there before. False
// with errno.
bool hide(const char* folder, const char* options, char* kept) {
  struct stat status {};
  errno = EINVAL;
  if (folder[0] != '/' || kept[0] != '/') return false;
  if (::stat(folder, &status) != 0 && errno == ENOENT) return true;
  if (::strcmp(kept, folder) == 0) return true;
  const bool is_within = is_below(kept, folder);
  const unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | unsigned{AT_RECURSIVE};
  const int tree = is_within ? ::open_tree(AT_FDCWD, kept, flags) : -1;
  if (is_within && tree < 0) return false;
  bool is_hidden = ::mount("tmpfs", folder, "tmpfs", MS_NOSUID | MS_NODEV, options) == 0;
  if (is_hidden && is_within) is_hidden = put_back(tree, kept);
  const int error = errno;
  if (tree >= 0) (void)::close(tree);
  errno = error;
  return is_hidden;
}

// As hide(), and nobody fills it.
bool empty(const char* folder, char* kept) {
  struct stat status {};
  if (!hide(folder, "mode=755,size=64k", kept)) return false;
  if (::strcmp(kept, folder) == 0 || ::stat(folder, &status) != 0) return true;
  return make_read_only(folder, 0);
}

// Where the kernel gives no view of these processes alone (some of the one there is is covered, as
// in many a container), there is none at all.
bool hide_processes(char* kept) {
  constexpr unsigned long kFlags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
  return ::mount("proc", "/proc", "proc", kFlags, nullptr) == 0 || empty("/proc", kept);
}

Obstacle hide_all(std::span<char* const> folders, char* kept) {
  if (!make_read_only("/", AT_RECURSIVE)) return {Step::kReadOnly, errno};
  if (!hide_processes(kept)) return {Step::kProcesses, errno};
  if (!hide("/tmp", "mode=1777,size=16m,nr_inodes=1k", kept)) return {Step::kTemporary, errno};
  for (const char* const folder : folders) {
    if (!empty(folder, kept)) return {Step::kFolders, errno};
  }
  return {};
}

}  // namespace

Walls build_walls() {
  constexpr int kSpaces = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC;
  if (::unshare(kSpaces) == 0) return Walls::kNamespaces;
  const uid_t uid = ::geteuid();
  const gid_t gid = ::getegid();
  if (::unshare(kSpaces | CLONE_NEWUSER) != 0) return Walls::kNone;
  map_users(uid, gid);
  return Walls::kNamespacesAndUsers;
}

void map_users(uid_t uid, gid_t gid) {
  char line[64];
  write_file("/proc/self/setgroups", "deny");
  (void)::snprintf(line, sizeof line, "%u %u 1", gid, gid);
  write_file("/proc/self/gid_map", line);
  (void)::snprintf(line, sizeof line, "%u %u 1", uid, uid);
  write_file("/proc/self/uid_map", line);
  write_file("/proc/sys/user/max_user_namespaces", "0");
}

Obstacle hide_files(std::span<char* const> folders, const char* program) {
  char kept[kPathBytes];
  const size_t size = ::strlen(program);
  if (size >= kPathBytes) return {Step::kFolders, ENAMETOOLONG};
  ::memcpy(kept, program, size + 1);
  char* const slash = ::strrchr(kept, '/');
  if (slash == nullptr) return {Step::kFolders, EINVAL};
  *slash = '\0';
  return hide_all(folders, kept);
}

}  // namespace yoke::hal::sandbox
