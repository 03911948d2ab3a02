// SPDX-License-Identifier: Apache-2.0
#include "mgmt/backup/sender.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "hal/base/file_descriptor.h"
#include "mgmt/backup/errors.h"

namespace yoke::backup {
namespace {

using namespace std::chrono_literals;
using model::Place;
using std::chrono::milliseconds;

// A transfer is looked after this often; what there is to do is done, nothing is waited for.
constexpr auto kTurn = 10ms;
constexpr long kFileMode = 0600, kFolderMode = 0700;
// What libssh2 says of a file that is not there.
constexpr std::string_view kNoSuchFile = "No such file or directory";

struct FileClose {
  void operator()(std::FILE* file) const noexcept { (void)std::fclose(file); }
};
struct EasyFree {
  void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
};
struct MultiFree {
  void operator()(CURLM* multi) const noexcept { (void)curl_multi_cleanup(multi); }
};
struct ListFree {
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};

std::size_t ignore(char* /*bytes*/, std::size_t size, std::size_t count, void* /*nobody*/) {
  return size * count;
}

long in_ms(milliseconds time) { return static_cast<long>(time.count()); }

Error unreadable(const std::string& file, std::string_view what_to_do) {
  return {Errc::kFailed, "E-405",
          fmt::format("{} cannot be read: {}; {}", file, std::strerror(errno), what_to_do), -1};
}

// False: it is not there. One that is there and cannot be read is an error: without it another
// machine might be trusted, or the same one differently.
Result<bool> is_there(const std::string& file) {
  const FileDescriptor fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd) return true;
  if (errno == ENOENT) return false;
  return tl::unexpected<Error>(unreadable(file, "it must belong to the user yoke, mode 0600"));
}

std::string way_out(CURLcode code) {
  if (code == CURLE_LOGIN_DENIED) {
    return "see that /etc/yoke/backup.key or /etc/yoke/netrc opens that account";
  }
  if (code == CURLE_PEER_FAILED_VERIFICATION) {
    return "see that /etc/yoke/known_hosts or /etc/yoke/backup-ca.pem knows that machine";
  }
  return "see that the machine is there and the folder may be written to";
}

}  // namespace

milliseconds Patience::limit(std::uint64_t bytes) const {
  return least + milliseconds(bytes * 1000 / slowest);
}

bool is_done(Errand errand, long http_status) {
  if (http_status == 200 || http_status == 204) return true;
  return errand == Errand::kSend ? http_status == 201 : http_status == 202 || http_status == 404;
}

// What transfers that follow one another share. libcurl waits for the other side's farewell when
// it closes a connection; ours are shut first, so that there is nobody left to wait for.
struct Sender::Connections {
  std::set<curl_socket_t> sockets;
  std::unique_ptr<CURLM, MultiFree> multi{curl_multi_init()};

  Connections() = default;
  Connections(const Connections&) = delete;
  Connections& operator=(const Connections&) = delete;
  ~Connections() {
    for (const curl_socket_t socket : sockets) (void)::shutdown(socket, SHUT_RDWR);
    multi.reset();  // closes them
  }

  static curl_socket_t open(void* self, curlsocktype /*purpose*/, curl_sockaddr* address) {
    const int fd = ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (fd >= 0) static_cast<Connections*>(self)->sockets.insert(fd);
    return fd;
  }
  static int close(void* self, curl_socket_t socket) {
    static_cast<Connections*>(self)->sockets.erase(socket);
    return ::close(socket);
  }
};

struct Sender::Transfer {
  std::string what;  // for the error
  std::string url;
  Errand errand = Errand::kSend;
  Place::Protocol protocol = Place::Protocol::kSftp;
  Done done;
  std::uint64_t bytes = 0;
  std::optional<Error> failure;  // before it began
  std::array<char, CURL_ERROR_SIZE> reason{};
  std::unique_ptr<std::FILE, FileClose> file;
  std::unique_ptr<curl_slist, ListFree> commands;
  CURLM* multi = nullptr;  // that it is part of
  std::unique_ptr<CURL, EasyFree> easy{curl_easy_init()};

  Transfer() = default;
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;
  ~Transfer() {
    if (multi != nullptr) (void)curl_multi_remove_handle(multi, easy.get());
  }

  template <typename T>
  void option(CURLoption name, T value) {
    (void)curl_easy_setopt(easy.get(), name, value);
  }
  void command(const std::string& text) {
    commands.reset(curl_slist_append(commands.release(), text.c_str()));
  }

  void open(const std::string& path);
  void set_up(Connections& connections, const Patience& patience);
  [[nodiscard]] Status set_up_ssh(const Credentials& credentials);
  [[nodiscard]] Status set_up_tls(const Credentials& credentials);
  [[nodiscard]] Status result(CURLcode code) const;
  [[nodiscard]] tl::unexpected<Error> not_sent(CURLcode code, const std::string& why) const;
};

void Sender::Transfer::open(const std::string& path) {
  file.reset(std::fopen(path.c_str(), "rbe"));
  struct stat status {};
  if (!file || ::fstat(::fileno(file.get()), &status) != 0) {
    failure = unreadable(path, "look at the disk");
    return;
  }
  bytes = static_cast<std::uint64_t>(status.st_size);
  option(CURLOPT_UPLOAD, 1L);
  option(CURLOPT_READDATA, file.get());
  option(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(bytes));
}

void Sender::Transfer::set_up(Connections& connections, const Patience& patience) {
  option(CURLOPT_URL, url.c_str());
  option(CURLOPT_PROTOCOLS_STR, "sftp,https");
  option(CURLOPT_FOLLOWLOCATION, 0L);
  option(CURLOPT_PROXY, "");
  option(CURLOPT_NOSIGNAL, 1L);
  option(CURLOPT_QUICK_EXIT, 1L);  // a thread that looks a name up is not waited for
  option(CURLOPT_FAILONERROR, 1L);
  option(CURLOPT_ERRORBUFFER, reason.data());
  option(CURLOPT_WRITEFUNCTION, ignore);
  option(CURLOPT_CONNECTTIMEOUT_MS, in_ms(patience.connect));
  option(CURLOPT_TIMEOUT_MS, in_ms(patience.limit(bytes)));
  option(CURLOPT_LOW_SPEED_LIMIT, 1L);
  option(CURLOPT_LOW_SPEED_TIME, std::max(1L, in_ms(patience.stalled) / 1000));
  option(CURLOPT_OPENSOCKETFUNCTION, Connections::open);
  option(CURLOPT_OPENSOCKETDATA, &connections);
  option(CURLOPT_CLOSESOCKETFUNCTION, Connections::close);
  option(CURLOPT_CLOSESOCKETDATA, &connections);
}

Status Sender::Transfer::set_up_ssh(const Credentials& credentials) {
  for (const std::string& needed : {credentials.key, credentials.known_hosts}) {
    if (auto there = is_there(needed); !there) return tl::unexpected<Error>(there.error());
  }
  option(CURLOPT_SSH_KNOWNHOSTS, credentials.known_hosts.c_str());
  option(CURLOPT_SSH_AUTH_TYPES, long{CURLSSH_AUTH_PUBLICKEY});
  option(CURLOPT_SSH_PRIVATE_KEYFILE, credentials.key.c_str());
  option(CURLOPT_NEW_FILE_PERMS, kFileMode);
  option(CURLOPT_NEW_DIRECTORY_PERMS, kFolderMode);
  return {};
}

Status Sender::Transfer::set_up_tls(const Credentials& credentials) {
  const auto authorities = is_there(credentials.authorities);
  if (!authorities) return tl::unexpected<Error>(authorities.error());
  if (*authorities) {
    option(CURLOPT_CAINFO, credentials.authorities.c_str());
    option(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
  }
  const auto netrc = is_there(credentials.netrc);
  if (!netrc) return tl::unexpected<Error>(netrc.error());
  if (*netrc) {
    option(CURLOPT_NETRC, long{CURL_NETRC_OPTIONAL});
    option(CURLOPT_NETRC_FILE, credentials.netrc.c_str());
  }
  return {};
}

Status Sender::Transfer::result(CURLcode code) const {
  if (failure) return tl::unexpected<Error>(*failure);
  std::string why = reason.front() != '\0' ? reason.data() : curl_easy_strerror(code);
  long status = 0;
  (void)curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
  if (protocol == Place::Protocol::kHttps &&
      (code == CURLE_OK || code == CURLE_HTTP_RETURNED_ERROR)) {
    if (is_done(errand, status)) return {};
    why = fmt::format("it answers with status {}", status);
    if (status == 401 || status == 403) code = CURLE_LOGIN_DENIED;
    return not_sent(code, why);
  }
  const bool is_gone =
      errand == Errand::kRemove && code == CURLE_QUOTE_ERROR && why.ends_with(kNoSuchFile);
  if (code == CURLE_OK || is_gone) return {};
  return not_sent(code, why);
}

tl::unexpected<Error> Sender::Transfer::not_sent(CURLcode code, const std::string& why) const {
  return fail(Errc::kFailed, kNotSent, fmt::format("{}: {}; {}", what, why, way_out(code)));
}

Sender::Sender(sd_event* event, Credentials credentials, Patience patience)
    : credentials_(std::move(credentials)), patience_(patience), next_(event, [this] { turn(); }) {
  (void)curl_global_init(CURL_GLOBAL_DEFAULT);
}

Sender::~Sender() {
  transfers_.clear();
  connections_.reset();
  curl_global_cleanup();
}

void Sender::send(const std::string& file, const Place& place, const std::string& name, Done done) {
  auto transfer = std::make_unique<Transfer>();
  transfer->what = fmt::format("{} cannot be sent to {}", name, place.url());
  transfer->protocol = place.protocol;
  transfer->done = std::move(done);
  transfer->open(file);
  transfer->url = place.url() + name;
  if (place.protocol == Place::Protocol::kSftp) {
    transfer->url += ".new";
    const std::string there = place.path + name;
    // It is there already where the answer to the last time was lost. * is for where it is not.
    transfer->command(fmt::format("*rm \"{}\"", there));
    transfer->command(fmt::format("rename \"{}.new\" \"{}\"", there, there));
    transfer->option(CURLOPT_POSTQUOTE, transfer->commands.get());
    transfer->option(CURLOPT_FTP_CREATE_MISSING_DIRS, 1L);
  }
  start(std::move(transfer));
}

void Sender::remove(const Place& place, const std::string& name, Done done) {
  auto transfer = std::make_unique<Transfer>();
  transfer->what = fmt::format("{} cannot be removed from {}", name, place.url());
  transfer->errand = Errand::kRemove;
  transfer->protocol = place.protocol;
  transfer->done = std::move(done);
  transfer->url = place.url();
  if (place.protocol == Place::Protocol::kSftp) {
    transfer->command(fmt::format("rm \"{}{}\"", place.path, name));
    transfer->option(CURLOPT_NOBODY, 1L);
    transfer->option(CURLOPT_QUOTE, transfer->commands.get());
  } else {
    transfer->url += name;
    transfer->option(CURLOPT_CUSTOMREQUEST, "DELETE");
  }
  start(std::move(transfer));
}

void Sender::start(std::unique_ptr<Transfer> transfer) {
  if (!connections_) connections_ = std::make_unique<Connections>();
  transfer->set_up(*connections_, patience_);
  const Status ready = transfer->protocol == Place::Protocol::kSftp
                           ? transfer->set_up_ssh(credentials_)
                           : transfer->set_up_tls(credentials_);
  if (!ready && !transfer->failure) transfer->failure = ready.error();
  if (!transfer->failure) {
    transfer->multi = connections_->multi.get();
    (void)curl_multi_add_handle(transfer->multi, transfer->easy.get());
  }
  transfers_.push_back(std::move(transfer));
  next_.start(0ms);
}

std::unique_ptr<Sender::Transfer> Sender::next_ended() {
  int left = 0;
  const CURLMsg* const message = curl_multi_info_read(connections_->multi.get(), &left);
  const auto ended = std::ranges::find_if(transfers_, [&](const auto& transfer) {
    return message != nullptr ? transfer->easy.get() == message->easy_handle
                              : transfer->failure.has_value();
  });
  if (ended == transfers_.end()) return nullptr;
  auto transfer = std::move(*ended);
  transfers_.erase(ended);
  if (auto result = transfer->result(message != nullptr ? message->data.result : CURLE_OK);
      !result) {
    transfer->failure = result.error();
  }
  return transfer;
}

void Sender::turn() {
  int running = 0;
  (void)curl_multi_perform(connections_->multi.get(), &running);
  while (const auto ended = next_ended()) {
    ended->done(ended->failure ? Status(tl::unexpected<Error>(*ended->failure)) : Status());
  }
  if (transfers_.empty()) {
    connections_.reset();
  } else {
    next_.start(kTurn);
  }
}

}  // namespace yoke::backup
