#ifndef PARVIS_TENSOR_STORAGE_H_
#define PARVIS_TENSOR_STORAGE_H_

#include <cstddef>
#include <memory>

namespace parvis {

// Bytes that tensors look at: memory of ours, or a part of something that `owner` keeps alive (a
// mapped file). Memory of ours is aligned to 64 bytes and comes from a pool that keeps what is
// given back, because a training step allocates the same sizes again and again; large blocks ask
// for 2 MiB pages. Contents are not initialised.
class Storage {
 public:
  static std::shared_ptr<Storage> Allocate(size_t bytes);
  static std::shared_ptr<Storage> View(const void* data, size_t bytes,
                                       std::shared_ptr<const void> owner);
  ~Storage();
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  std::byte* data() const { return data_; }
  size_t bytes() const { return bytes_; }
  bool writable() const { return owner_ == nullptr; }

  // Bytes that the pool holds: in use, and the most that were in use at a time.
  static size_t BytesInUse();
  static size_t PeakBytesInUse();
  static void ForgetPeak();  // the most is what is in use now

 private:
  Storage(std::byte* data, size_t bytes, std::shared_ptr<const void> owner);
  std::byte* data_;
  size_t bytes_;
  std::shared_ptr<const void> owner_;  // null: ours
};

}  // namespace parvis

#endif  // PARVIS_TENSOR_STORAGE_H_
