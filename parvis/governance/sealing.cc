#include "parvis/governance/sealing.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>

#include "fmt/format.h"
#include "parvis/core/base64.h"
#include "parvis/core/file.h"
#include "parvis/core/sha256.h"
#include "parvis/governance/secret.h"

namespace parvis::governance {
namespace {

constexpr std::string_view kPrefix = "sealed:v1:";
constexpr size_t kKeyBytes = 32, kNonceBytes = 12, kTagBytes = 16, kIdDigits = 8, kMaxName = 80;
constexpr size_t kMaxSecret = 4096, kMaxKeyFile = 4096;

using Context = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* Bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

// Of the characters that a sealed secret is made of.
bool InWord(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-' || c == ':';
}

Status CheckSecretName(const std::string& name) {
  if (!name.empty() && name.size() <= kMaxName && std::all_of(name.begin(), name.end(), InWord)) {
    return {};
  }
  return InvalidArgument("a secret's name is 1 to 80 letters, digits, '.', '_', '-', ':'");
}

std::optional<std::string> FromHex(std::string_view text) {
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
  };
  std::string bytes;
  for (size_t i = 0; i + 1 < text.size(); i += 2) {
    if (digit(text[i]) < 0 || digit(text[i + 1]) < 0) return std::nullopt;
    bytes += static_cast<char>(digit(text[i]) * 16 + digit(text[i + 1]));
  }
  return text.size() == 2 * kKeyBytes ? std::optional(bytes) : std::nullopt;
}

// What is authenticated beside the secret: its name and its key.
std::string ContextOf(const std::string& name, const std::string& id) {
  return std::string(kPrefix) + name + ":" + id;
}

struct SealedParts {
  std::string name, id, data;  // data: nonce, ciphertext, tag
};
std::optional<SealedParts> PartsOf(std::string_view word) {
  if (!word.starts_with(kPrefix)) return std::nullopt;
  word.remove_prefix(kPrefix.size());
  const size_t data = word.rfind(':');
  const size_t id = data == std::string_view::npos || data == 0 ? data : word.rfind(':', data - 1);
  if (id == std::string_view::npos || data - id - 1 != kIdDigits) return std::nullopt;
  auto bytes = FromBase64Url(word.substr(data + 1));
  if (!bytes || bytes->size() < kNonceBytes + kTagBytes) return std::nullopt;
  return SealedParts{std::string(word.substr(0, id)), std::string(word.substr(id + 1, kIdDigits)),
                     *std::move(bytes)};
}

// AES-256-GCM (NIST SP 800-38D).
Result<std::string> Encrypt(const std::string& key, const std::string& nonce,
                            const std::string& context, std::string_view secret) {
  const Context cipher(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
  std::string out(secret.size(), '\0'), tag(kTagBytes, '\0');
  int size = 0;
  const bool done =
      cipher != nullptr &&
      EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, Bytes(key), Bytes(nonce)) == 1 &&
      EVP_EncryptUpdate(cipher.get(), nullptr, &size, Bytes(context),
                        static_cast<int>(context.size())) == 1 &&
      EVP_EncryptUpdate(cipher.get(), Bytes(out), &size, Bytes(secret),
                        static_cast<int>(secret.size())) == 1 &&
      EVP_EncryptFinal_ex(cipher.get(), Bytes(tag), &size) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_AEAD_GET_TAG, kTagBytes, Bytes(tag)) == 1;
  if (!done) return Internal("a secret could not be sealed");
  return out + tag;
}

Result<std::string> Decrypt(const std::string& key, const std::string& data,
                            const std::string& context) {
  const Context cipher(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
  const size_t length = data.size() - kNonceBytes - kTagBytes;
  std::string out(length, '\0'), tag = data.substr(kNonceBytes + length);
  int size = 0;
  const bool done =
      cipher != nullptr &&
      EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, Bytes(key), Bytes(data)) == 1 &&
      EVP_DecryptUpdate(cipher.get(), nullptr, &size, Bytes(context),
                        static_cast<int>(context.size())) == 1 &&
      EVP_DecryptUpdate(cipher.get(), Bytes(out), &size,
                        Bytes(std::string_view(data).substr(kNonceBytes)),
                        static_cast<int>(length)) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_AEAD_SET_TAG, kTagBytes, Bytes(tag)) == 1 &&
      EVP_DecryptFinal_ex(cipher.get(), Bytes(tag), &size) == 1;
  if (done) return out;
  OPENSSL_cleanse(out.data(), out.size());
  return DataLoss("it was changed since it was sealed, or moved here from another place");
}

// Whether others can read or write it.
Status CheckRights(const std::string& path) {
  struct stat info = {};
  if (stat(path.c_str(), &info) != 0) return IoError(path + ": " + std::strerror(errno));
  const bool credential = path == MasterKeys::CredentialPath();
  if ((info.st_mode & (credential ? 0037 : 0077)) != 0) {
    return Status(StatusCode::kPermissionDenied,
                  path + ": others can read or write it; chmod 600 it first");
  }
  return {};
}

}  // namespace

bool IsSealed(std::string_view text) { return text.starts_with("sealed:"); }

std::string MasterKeys::CredentialPath() {
  const char* const folder = std::getenv("CREDENTIALS_DIRECTORY");
  if (folder == nullptr || *folder == 0) return {};
  const std::string path = std::string(folder) + "/parvis.master";
  struct stat info = {};
  return stat(path.c_str(), &info) == 0 ? path : std::string();
}

Result<MasterKeys> MasterKeys::Read(const std::string& path) {
  PARVIS_RETURN_IF_ERROR(CheckRights(path));
  PARVIS_ASSIGN_OR_RETURN(std::string text, ReadFile(path, kMaxKeyFile));
  std::vector<Key> keys;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    auto bytes = FromHex(std::string_view(text).substr(begin, end - begin));
    if (!bytes)
      return InvalidArgument(path + ": holds no master keys, 64 hexadecimal digits a line");
    const std::string id = Sha256Hex("master:" + *bytes).substr(0, kIdDigits);
    keys.push_back({id, *std::move(bytes)});
    begin = end + 1;
  }
  OPENSSL_cleanse(text.data(), text.size());
  if (keys.empty()) return InvalidArgument(path + ": holds no master key");
  return MasterKeys(std::move(keys));
}

Status MasterKeys::AddNew(const std::string& path) {
  std::string before;
  struct stat info = {};
  if (stat(path.c_str(), &info) == 0) {
    PARVIS_RETURN_IF_ERROR(Read(path).status());
    PARVIS_ASSIGN_OR_RETURN(before, ReadFile(path, kMaxKeyFile));
  }
  PARVIS_ASSIGN_OR_RETURN(const std::string key, RandomHex(kKeyBytes));
  const mode_t mask = umask(0077);
  const Status written = WriteFileAtomically(path, key + "\n" + before);
  umask(mask);
  return written;
}

Result<std::string> MasterKeys::Seal(const std::string& name, std::string_view secret) const {
  PARVIS_RETURN_IF_ERROR(CheckSecretName(name));
  if (secret.empty() || secret.size() > kMaxSecret) {
    return InvalidArgument(fmt::format("a secret has 1 to {} bytes", kMaxSecret));
  }
  std::string nonce(kNonceBytes, '\0');
  if (RAND_bytes(Bytes(nonce), kNonceBytes) != 1) return Internal("no random bytes to be had");
  const std::string context = ContextOf(name, keys_[0].id);
  PARVIS_ASSIGN_OR_RETURN(const std::string sealed,
                          Encrypt(keys_[0].bytes, nonce, context, secret));
  return context + ":" + ToBase64Url(nonce + sealed);
}

Result<std::string> MasterKeys::Open(const std::string& name, std::string_view sealed) const {
  const auto parts = PartsOf(sealed);
  if (!parts) return InvalidArgument("is no sealed secret of this Parvis");
  if (parts->name != name) {
    return InvalidArgument(
        fmt::format("is the sealed secret of '{}', not of '{}'", parts->name, name));
  }
  for (const Key& key : keys_) {
    if (key.id != parts->id) continue;
    auto opened = Decrypt(key.bytes, parts->data, ContextOf(name, key.id));
    if (!opened.ok()) return opened.status().In(name);
    return opened;
  }
  return InvalidArgument(
      fmt::format("{}: was sealed under the master key {}, which is not here", name, parts->id));
}

Result<std::string> MasterKeys::Reseal(std::string_view text, int* count) const {
  std::string out;
  *count = 0;
  while (true) {
    const size_t begin = text.find(kPrefix);
    out += text.substr(0, begin);
    if (begin == std::string_view::npos) return out;
    text.remove_prefix(begin);
    const auto* const end = std::find_if_not(text.begin(), text.end(), InWord);
    const std::string_view word = text.substr(0, static_cast<size_t>(end - text.begin()));
    const auto parts = PartsOf(word);
    if (!parts) return InvalidArgument("has a sealed secret that is not whole");
    PARVIS_ASSIGN_OR_RETURN(std::string secret, Open(parts->name, word));
    PARVIS_ASSIGN_OR_RETURN(const std::string sealed, Seal(parts->name, secret));
    OPENSSL_cleanse(secret.data(), secret.size());
    out += sealed;
    ++*count;
    text.remove_prefix(word.size());
  }
}

}  // namespace parvis::governance
