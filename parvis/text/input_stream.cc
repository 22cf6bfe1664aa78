#include "parvis/text/input_stream.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "fmt/format.h"
#include "parvis/text/utf8.h"

namespace parvis::text {
namespace {

constexpr size_t kStep = size_t{1} << 20;

}  // namespace

InputStream::InputStream(std::string path, int fd, std::optional<XzReader> xz)
    : path_(std::move(path)), fd_(fd), xz_(std::move(xz)) {}
InputStream::InputStream(InputStream&& other) noexcept
    : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)), xz_(std::move(other.xz_)) {}
InputStream& InputStream::operator=(InputStream&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(fd_, other.fd_);
  std::swap(xz_, other.xz_);
  return *this;
}
InputStream::~InputStream() {
  if (fd_ > STDIN_FILENO) ::close(fd_);
}

Result<InputStream> InputStream::Open(const std::string& path) {
  const int fd = path == "-" ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    const std::string message = fmt::format("cannot open {}: {}", path, std::strerror(errno));
    return errno == ENOENT || errno == ENOTDIR ? NotFound(message) : IoError(message);
  }
  InputStream stream(path, fd, std::nullopt);  // closes fd from here on
  if (path.ends_with(".xz")) {
    Result<XzReader> xz = XzReader::Create();
    if (!xz.ok()) return xz.status().In(path);
    stream.xz_ = std::move(xz).value();
  }
  return stream;
}

Result<size_t> InputStream::ReadBytes(void* to, size_t size) {
  while (true) {
    const ssize_t n = ::read(fd_, to, size);
    if (n >= 0) return static_cast<size_t>(n);
    if (errno == EINTR) continue;
    return IoError(std::string("cannot read: ") + std::strerror(errno));
  }
}

Status InputStream::Read(size_t size, std::string& to) {
  if (xz_.has_value()) {
    return xz_
        ->Read([this](void* packed, size_t bytes) { return ReadBytes(packed, bytes); }, size, to)
        .In(path_);
  }
  const size_t before = to.size();
  to.resize(before + size);
  const Result<size_t> n = ReadBytes(to.data() + before, size);
  to.resize(before + (n.ok() ? *n : 0));
  return n.status().In(path_);
}

Status CheckUtf8(std::string_view text, int64_t offset) {
  if (IsValidUtf8(text)) return Status();
  size_t at = 0;
  Character c;
  while ((c = ReadCharacter(text, at)).valid) at += c.size;
  const auto byte = static_cast<unsigned char>(text[at]);
  // A lone byte of the upper half between two letters is what the old 8-bit encodings look like.
  const auto ascii = [&](size_t i) {
    return i >= text.size() || static_cast<unsigned char>(text[i]) < 128;
  };
  std::string why = fmt::format("byte {}: 0x{:02X} is not UTF-8", offset + at, byte);
  if (ascii(at + 1) && (at == 0 || ascii(at - 1))) {
    why += byte < 0xA0 ? "; looks like Windows-1252 (iconv -f WINDOWS-1252 -t UTF-8)"
                       : "; looks like ISO-8859-1 (iconv -f ISO-8859-1 -t UTF-8)";
  }
  return DataLoss(why);
}

LineReader::LineReader(InputStream stream, size_t max_bytes)
    : stream_(std::move(stream)), max_bytes_(max_bytes) {}

Status LineReader::Fill() {
  if (at_ > 0) {
    before_ += static_cast<int64_t>(at_);
    buffer_.erase(0, at_);
    searched_ -= std::min(at_, searched_);
    at_ = 0;
  }
  const size_t had = buffer_.size();
  PARVIS_RETURN_IF_ERROR(stream_.Read(kStep, buffer_));
  ended_ = buffer_.size() == had;
  if (begun_) return Status();
  begun_ = true;
  if (buffer_.starts_with("\xEF\xBB\xBF")) at_ = 3;
  for (const auto& [mark, name] :
       {std::pair<std::string_view, const char*>{"\xFF\xFE", "LE"}, {"\xFE\xFF", "BE"}}) {
    if (buffer_.starts_with(mark)) {
      return DataLoss(
          fmt::format("{}: byte 0: UTF-16, not UTF-8 (iconv -f UTF-16{} -t UTF-8)", path(), name));
    }
  }
  return Status();
}

Status LineReader::CheckText(std::string_view text, int64_t offset) const {
  if (const Status status = CheckUtf8(text, offset); !status.ok()) return status.In(path());
  if (const size_t zero = text.find('\0'); zero != std::string_view::npos) {
    return DataLoss(fmt::format("{}: byte {}: a zero byte; this is no text file", path(),
                                offset + static_cast<int64_t>(zero)));
  }
  return Status();
}

Result<bool> LineReader::Next(std::string_view& line) {
  if (!begun_) PARVIS_RETURN_IF_ERROR(Fill());
  while (true) {
    const size_t end = buffer_.find('\n', std::max(at_, searched_));
    if (end == std::string::npos && !ended_) {
      searched_ = buffer_.size();
      if (buffer_.size() - at_ > max_bytes_) {
        return ResourceExhausted(fmt::format("{}:{}: the line at byte {} has more than {} bytes",
                                             path(), number_ + 1,
                                             before_ + static_cast<int64_t>(at_), max_bytes_));
      }
      PARVIS_RETURN_IF_ERROR(Fill());
      continue;
    }
    const size_t stop = std::min(end, buffer_.size());
    if (end == std::string::npos && stop == at_) return false;
    line = std::string_view(buffer_).substr(at_, stop - at_);
    offset_ = before_ + static_cast<int64_t>(at_);
    ++number_;
    at_ = searched_ = std::min(stop + 1, buffer_.size());
    PARVIS_RETURN_IF_ERROR(CheckText(line, offset_));
    if (line.ends_with('\r')) line.remove_suffix(1);
    return true;
  }
}

Result<bool> LineReader::NextBlock(size_t least, std::string_view& block) {
  if (!begun_) PARVIS_RETURN_IF_ERROR(Fill());
  while (true) {
    size_t end = std::string::npos;
    if (buffer_.size() - at_ > least) end = buffer_.find('\n', at_ + least);
    size_t stop = end == std::string::npos ? buffer_.size() : end + 1;
    if (end == std::string::npos && !ended_) {
      if (buffer_.size() - at_ <= max_bytes_) {
        PARVIS_RETURN_IF_ERROR(Fill());
        continue;
      }
      while (stop > at_ && (static_cast<unsigned char>(buffer_[stop - 1]) & 0xC0) == 0x80) --stop;
      --stop;  // the character that may not be whole comes next time
    }
    if (stop <= at_) return false;
    block = std::string_view(buffer_).substr(at_, stop - at_);
    offset_ = before_ + static_cast<int64_t>(at_);
    at_ = searched_ = stop;
    PARVIS_RETURN_IF_ERROR(CheckText(block, offset_));
    return true;
  }
}

}  // namespace parvis::text
