#ifndef PARVIS_TEXT_INPUT_STREAM_H_
#define PARVIS_TEXT_INPUT_STREAM_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "parvis/core/result.h"
#include "parvis/core/xz.h"

namespace parvis::text {

// The bytes of a file from front to back, whatever its size; of a file whose name ends in .xz what
// was compressed. One thread at a time.
class InputStream {
 public:
  // "-" is standard input.
  static Result<InputStream> Open(const std::string& path);
  InputStream(InputStream&&) noexcept;
  InputStream& operator=(InputStream&&) noexcept;
  ~InputStream();

  // Appends at most `size` bytes to `to`; appends none at the end of the file.
  Status Read(size_t size, std::string& to);

  const std::string& path() const { return path_; }

 private:
  InputStream(std::string path, int fd, std::optional<XzReader> xz);
  Result<size_t> ReadBytes(void* to, size_t size);

  std::string path_;
  int fd_ = -1;
  std::optional<XzReader> xz_;  // of a file that is packed
};

// The lines of a stream of UTF-8, without their line ends (LF or CR LF) and without a byte order
// mark. A line of more than `max_bytes` is refused before it is read, bytes that are not UTF-8
// where they stand: the message has the file and the offset, and names the encoding that it looks
// like.
class LineReader {
 public:
  explicit LineReader(InputStream stream, size_t max_bytes = kMaxLine);

  // False at the end. `line` is good until the next call. An empty line is a line.
  Result<bool> Next(std::string_view& line);
  // Several whole lines with their ends, at least `least` bytes while there are as many; false at
  // the end. Where no line ends within max_bytes, it is cut between two characters.
  Result<bool> NextBlock(size_t least, std::string_view& block);

  int64_t number() const { return number_; }  // of the line that Next gave, from 1
  int64_t offset() const { return offset_; }  // where that line, or the block, begins
  const std::string& path() const { return stream_.path(); }

  static constexpr size_t kMaxLine = size_t{64} << 20;

 private:
  Status Fill();
  Status CheckText(std::string_view text, int64_t offset) const;

  InputStream stream_;
  size_t max_bytes_;
  std::string buffer_;
  size_t at_ = 0;        // in buffer_: what comes next
  size_t searched_ = 0;  // … and up to where there is no line end
  int64_t before_ = 0;   // bytes of the stream before buffer_
  bool begun_ = false, ended_ = false;
  int64_t number_ = 0, offset_ = 0;
};

// OK, or where and why a text is not UTF-8: "byte 12: not UTF-8; looks like ISO-8859-1 …". `offset`
// is where the text begins.
Status CheckUtf8(std::string_view text, int64_t offset);

}  // namespace parvis::text

#endif  // PARVIS_TEXT_INPUT_STREAM_H_
