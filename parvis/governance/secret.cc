#include "parvis/governance/secret.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "fmt/format.h"
#include "parvis/core/base64.h"
#include "parvis/core/file.h"

namespace parvis::governance {
namespace {

constexpr std::string_view kPrefix = "pv-";
constexpr std::string_view kSessionPrefix = "pvs-";
constexpr size_t kSecretBytes = 32;

std::string Hex(std::string_view bytes) {
  std::string text;
  for (const unsigned char byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

Result<std::string> NewText(std::string_view prefix) {
  PARVIS_ASSIGN_OR_RETURN(std::string secret, RandomBytes(kSecretBytes));
  std::string text = std::string(prefix) + ToBase64Url(secret);
  OPENSSL_cleanse(secret.data(), secret.size());
  return text;
}

}  // namespace

Result<std::string> RandomBytes(size_t count) {
  std::string bytes(count, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(count)) != 1) {
    return Internal("no random bytes to be had");
  }
  return bytes;
}

Result<std::string> RandomHex(size_t count) {
  PARVIS_ASSIGN_OR_RETURN(const std::string bytes, RandomBytes(count));
  return Hex(bytes);
}

Result<std::string> NewApiKeyText() { return NewText(kPrefix); }
Result<std::string> NewSessionText() { return NewText(kSessionPrefix); }

std::string VisiblePrefix(std::string_view api_key) { return std::string(api_key.substr(0, 7)); }

Pepper::Pepper(std::string secret)
    : secret_(std::move(secret)), id_(Sha256Hex("pepper:" + secret_).substr(0, 16)) {}

Pepper Pepper::ForTest(std::string_view text) { return Pepper(std::string(text)); }

// Two processes may come here at once: who links the file first has made it, the other takes it.
Result<Pepper> Pepper::Open(const std::string& path) {
  struct stat info = {};
  if (stat(path.c_str(), &info) != 0) {
    if (errno != ENOENT) return IoError(path + ": " + std::strerror(errno));
    PARVIS_ASSIGN_OR_RETURN(const std::string secret, RandomBytes(kSecretBytes));
    const std::string made = fmt::format("{}.new.{}", path, getpid());
    const int fd = open(made.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) return IoError(made + ": " + std::strerror(errno));
    const std::string text = Hex(secret) + "\n";
    const bool written =
        write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && fsync(fd) == 0;
    close(fd);
    const bool linked = written && (link(made.c_str(), path.c_str()) == 0 || errno == EEXIST);
    const int error = errno;
    unlink(made.c_str());
    if (!linked) return IoError(path + ": " + std::strerror(error));
    if (stat(path.c_str(), &info) != 0) return IoError(path + ": " + std::strerror(errno));
  }
  if ((info.st_mode & 0077) != 0) {
    return Status(StatusCode::kPermissionDenied,
                  path + ": others can read or write it; chmod 600 it first");
  }
  PARVIS_ASSIGN_OR_RETURN(std::string text, ReadFile(path, 4096));
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  if (text.size() < 2 * kSecretBytes) return DataLoss(path + ": holds no secret");
  return Pepper(std::move(text));
}

Sha256Digest Pepper::DigestOf(const Sha256Digest& sha256_of_key) const {
  Sha256Digest digest;
  unsigned int size = 0;
  HMAC(EVP_sha256(), secret_.data(), static_cast<int>(secret_.size()),
       reinterpret_cast<const unsigned char*>(sha256_of_key.data()), sha256_of_key.size(),
       reinterpret_cast<unsigned char*>(digest.data()), &size);
  return digest;
}

std::string Pepper::MacOf(std::string_view purpose, std::string_view text) const {
  std::string message(purpose);
  message += '\0';
  message += text;
  std::string mac(32, '\0');
  unsigned int size = 0;
  HMAC(EVP_sha256(), secret_.data(), static_cast<int>(secret_.size()),
       reinterpret_cast<const unsigned char*>(message.data()), message.size(),
       reinterpret_cast<unsigned char*>(mac.data()), &size);
  return mac;
}

}  // namespace parvis::governance
