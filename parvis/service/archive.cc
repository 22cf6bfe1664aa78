#include "parvis/service/archive.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "parvis/core/check.h"

namespace parvis::service {
namespace {

constexpr size_t kBlock = 512, kPiece = size_t{256} << 10;
constexpr int64_t kMaxMember = int64_t{1} << 50;
constexpr char kDigestName[] = "sha256";

Status Failed(const std::string& path) {
  const std::string message = path + ": " + std::strerror(errno);
  if (errno == ENOENT) return NotFound(message);
  if (errno == ENOSPC || errno == EDQUOT) return ResourceExhausted(message);
  if (errno == EACCES || errno == EPERM) return {StatusCode::kPermissionDenied, message};
  return IoError(message);
}

bool IsName(std::string_view name) {
  const auto fine = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-' || c == '/';
  };
  return !name.empty() && name.size() < 100 && std::all_of(name.begin(), name.end(), fine) &&
         name[0] != '/' && name.find("..") == std::string_view::npos;
}

// All of a member's header follows from its name and size.
using Header = std::array<char, kBlock>;
Header HeaderOf(const std::string& name, int64_t size) {
  Header header = {};
  const auto put = [&header](size_t at, std::string_view text) {
    std::copy(text.begin(), text.end(), header.begin() + static_cast<std::ptrdiff_t>(at));
  };
  put(0, name);
  put(100, "0000600");
  put(108, "0000000");
  put(116, "0000000");
  if (size < int64_t{1} << 33) {
    put(124, fmt::format("{:011o}", size));
  } else {  // GNU's base 256
    header[124] = static_cast<char>(0x80);
    for (size_t i = 0; i < 8; ++i) header[135 - i] = static_cast<char>(size >> (8 * i));
  }
  put(136, "00000000000");
  put(148, "        ");
  header[156] = '0';
  put(257, std::string_view("ustar\00000", 8));
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  put(148, fmt::format("{:06o}", sum));
  header[154] = '\0';
  return header;
}

std::string_view ViewOf(const Header& header) { return {header.data(), header.size()}; }

// Nothing: no size of a header.
std::optional<int64_t> SizeIn(const Header& header) {
  int64_t size = 0;
  if (static_cast<unsigned char>(header[124]) == 0x80) {
    for (size_t i = 128; i < 136; ++i) size = (size << 8) | static_cast<unsigned char>(header[i]);
  } else {
    for (size_t i = 124; i < 135; ++i) {
      if (header[i] < '0' || header[i] > '7') return std::nullopt;
      size = size * 8 + (header[i] - '0');
    }
  }
  return size >= 0 && size <= kMaxMember ? std::optional(size) : std::nullopt;
}

size_t PaddingOf(int64_t size) { return (kBlock - static_cast<size_t>(size) % kBlock) % kBlock; }

}  // namespace

RunningDigest::RunningDigest() : context_(EVP_MD_CTX_new()) {
  PARVIS_CHECK(context_ != nullptr && EVP_DigestInit_ex(context_, EVP_sha256(), nullptr) == 1);
}

RunningDigest::~RunningDigest() { EVP_MD_CTX_free(context_); }

void RunningDigest::Add(std::string_view bytes) {
  PARVIS_CHECK(EVP_DigestUpdate(context_, bytes.data(), bytes.size()) == 1);
}

std::string RunningDigest::Hex() const {
  EVP_MD_CTX* const copy = EVP_MD_CTX_new();
  std::array<unsigned char, 32> digest;
  PARVIS_CHECK(copy != nullptr && EVP_MD_CTX_copy_ex(copy, context_) == 1 &&
               EVP_DigestFinal_ex(copy, digest.data(), nullptr) == 1);
  EVP_MD_CTX_free(copy);
  std::string text;
  for (const unsigned char byte : digest) text += fmt::format("{:02x}", byte);
  return text;
}

Result<std::unique_ptr<ArchiveWriter>> ArchiveWriter::Create(const std::string& path) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return Failed(path);
  return std::unique_ptr<ArchiveWriter>(new ArchiveWriter(path, fd));
}

ArchiveWriter::~ArchiveWriter() { close(fd_); }

Status ArchiveWriter::Write(std::string_view bytes) {
  digest_.Add(bytes);
  while (!bytes.empty()) {
    const ssize_t n = write(fd_, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return Failed(path_);
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return {};
}

Status ArchiveWriter::Pad(int64_t size) { return Write(std::string(PaddingOf(size), '\0')); }

Status ArchiveWriter::Add(const std::string& name, std::string_view content) {
  PARVIS_CHECK(IsName(name));
  const auto size = static_cast<int64_t>(content.size());
  PARVIS_RETURN_IF_ERROR(Write(ViewOf(HeaderOf(name, size))));
  PARVIS_RETURN_IF_ERROR(Write(content));
  return Pad(size);
}

Status ArchiveWriter::AddFile(const std::string& name, const std::string& source) {
  PARVIS_CHECK(IsName(name));
  const int fd = open(source.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return Failed(source);
  const auto add = [&]() -> Status {
    struct stat info = {};
    if (fstat(fd, &info) != 0) return Failed(source);
    if (!S_ISREG(info.st_mode)) return InvalidArgument(source + " is not a regular file");
    PARVIS_RETURN_IF_ERROR(Write(ViewOf(HeaderOf(name, info.st_size))));
    std::string piece(kPiece, '\0');
    for (int64_t left = info.st_size; left > 0;) {
      const ssize_t n = read(fd, piece.data(), std::min(piece.size(), static_cast<size_t>(left)));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return Failed(source);
      if (n == 0) return DataLoss(source + ": became shorter while it was read");
      PARVIS_RETURN_IF_ERROR(Write({piece.data(), static_cast<size_t>(n)}));
      left -= n;
    }
    return Pad(info.st_size);
  };
  Status status = add();
  close(fd);
  return status;
}

Status ArchiveWriter::Finish() {
  PARVIS_RETURN_IF_ERROR(Add(kDigestName, digest_.Hex()));
  PARVIS_RETURN_IF_ERROR(Write(std::string(2 * kBlock, '\0')));
  return fsync(fd_) == 0 ? Status() : Failed(path_);
}

Result<std::unique_ptr<ArchiveReader>> ArchiveReader::Open(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return Failed(path);
  return std::unique_ptr<ArchiveReader>(new ArchiveReader(path, fd));
}

ArchiveReader::~ArchiveReader() { close(fd_); }

Status ArchiveReader::Damaged(const std::string& what) const {
  return DataLoss(path_ + ": is no whole backup: " + what);
}

Status ArchiveReader::Take(char* bytes, size_t size) {
  for (size_t done = 0; done < size;) {
    const ssize_t n = read(fd_, bytes + done, size - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Failed(path_);
    if (n == 0) return Damaged("it ends too early");
    done += static_cast<size_t>(n);
  }
  digest_.Add({bytes, size});
  return {};
}

Result<std::optional<ArchiveReader::Member>> ArchiveReader::Next() {
  const std::string before = digest_.Hex();
  Header header;
  PARVIS_RETURN_IF_ERROR(Take(header.data(), header.size()));
  Member member;
  member.name.assign(header.data(), strnlen(header.data(), 100));
  const auto size = SizeIn(header);
  if (!IsName(member.name) || !size || HeaderOf(member.name, *size) != header) {
    return Damaged("a member's header is not as it was written");
  }
  member.size = *size;
  if (member.name != kDigestName) return std::optional(member);
  PARVIS_RETURN_IF_ERROR(CheckEnd(member, before));
  return std::optional<Member>();
}

Status ArchiveReader::CheckEnd(const Member& last, const std::string& digest) {
  PARVIS_ASSIGN_OR_RETURN(const std::string kept, ReadAll(last, 64));
  if (kept != digest) return Damaged("its bytes are not those that were written");
  std::array<char, 2 * kBlock + 1> rest = {};
  PARVIS_RETURN_IF_ERROR(Take(rest.data(), 2 * kBlock));
  const bool empty = std::all_of(rest.begin(), rest.end() - 1, [](char c) { return c == '\0'; });
  if (!empty || read(fd_, rest.data(), 1) != 0) return Damaged("something follows on its end");
  return {};
}

Status ArchiveReader::Read(const Member& member, const Sink& sink) {
  std::string piece(kPiece, '\0');
  for (int64_t left = member.size; left > 0;) {
    const size_t size = std::min(piece.size(), static_cast<size_t>(left));
    PARVIS_RETURN_IF_ERROR(Take(piece.data(), size));
    PARVIS_RETURN_IF_ERROR(sink({piece.data(), size}));
    left -= static_cast<int64_t>(size);
  }
  std::array<char, kBlock> padding = {};
  const size_t size = PaddingOf(member.size);
  PARVIS_RETURN_IF_ERROR(Take(padding.data(), size));
  auto* const end = padding.begin() + size;
  if (std::any_of(padding.begin(), end, [](char c) { return c != '\0'; })) {
    return Damaged("a member's end is not as it was written");
  }
  return {};
}

Result<std::string> ArchiveReader::ReadAll(const Member& member, int64_t most) {
  if (member.size > most) return Damaged("'" + member.name + "' is too large");
  std::string content;
  PARVIS_RETURN_IF_ERROR(Read(member, [&content](std::string_view bytes) {
    content += bytes;
    return Status();
  }));
  return content;
}

}  // namespace parvis::service
