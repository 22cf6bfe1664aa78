#include <sys/mman.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "bench/machine/limits.h"
#include "parvis/core/json.h"
#include "parvis/core/thread_pool.h"
#include "parvis/ops/exec.h"
#include "parvis/ops/product.h"

// How fast products of few rows read their weights, as a share of what reading alone does: as JSON.
//
// The weights of a LLaMA of 1.1 B parameters, or as many of its layers as have 500 MB, are
// multiplied with some rows over and over. The read rate of a virtual machine may double from one
// second to the next; so the same memory is read just before and just after every pass, and passes
// between which the rate changed by a tenth are not counted.
namespace parvis::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kHugePage = size_t{2} << 20;
constexpr size_t kEnoughBytes = 500'000'000;
constexpr int kMaxLayers = 22;

struct Shape {
  size_t n, k;
};
constexpr Shape kLayer[] = {{2560, 2048}, {2048, 2048}, {11264, 2048}, {2048, 5632}};

struct Type {
  const char* name;
  kernels::Packing packing;
};
constexpr Type kTypes[] = {
    {"f32", kernels::Packing::kF32},   {"f16", kernels::Packing::kF16},
    {"bf16", kernels::Packing::kBf16}, {"q8_0", kernels::Packing::kQ8_0},
    {"q6_K", kernels::Packing::kQ6K},  {"q4_K", kernels::Packing::kQ4K},
    {"q4_0", kernels::Packing::kQ4_0},
};

// Numbers small enough that no type makes an infinity of their bits.
class Weights {
 public:
  explicit Weights(size_t bytes) : bytes_(bytes), size_(bytes + 2 * kHugePage) {
    base_ = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    const auto address = reinterpret_cast<uintptr_t>(base_);
    data_ = reinterpret_cast<char*>((address + kHugePage - 1) / kHugePage * kHugePage);
    madvise(data_, bytes_, MADV_HUGEPAGE);
    auto* words = reinterpret_cast<uint32_t*>(data_);
    for (size_t i = 0; i < bytes_ / sizeof(uint32_t); ++i) words[i] = 0x01020304 * (i % 3);
  }
  ~Weights() { munmap(base_, size_); }
  Weights(const Weights&) = delete;
  Weights& operator=(const Weights&) = delete;
  const char* data() const { return data_; }
  size_t bytes() const { return bytes_; }

 private:
  size_t bytes_, size_;
  void* base_;
  char* data_;
};

size_t Rounded(size_t bytes) { return (bytes + 4095) / 4096 * 4096; }

// The products of one forward pass.
class Pass {
 public:
  Pass(const ops::Exec& exec, kernels::Packing packing, size_t rows)
      : exec_(exec), x_(5632 * rows, 0.01f), y_(11264 * rows) {
    std::vector<Shape> shapes;
    size_t bytes = 0;
    for (int layer = 0; layer < kMaxLayers && bytes < kEnoughBytes; ++layer) {
      for (const Shape& shape : kLayer) {
        shapes.push_back(shape);
        bytes += Rounded(kernels::PanelBytes(packing, shape.n, shape.k));
      }
    }
    weights_ = std::make_unique<Weights>(bytes);
    for (const size_t k : {size_t{2048}, size_t{5632}}) {
      rows_.push_back(ops::PackRowOperand(exec, packing, x_.data(), 5632, 1, rows, k));
    }
    const char* panels = weights_->data();
    for (const Shape& shape : shapes) {
      const ops::RowOperand& packed = rows_[shape.k == 5632];
      products_.push_back({.packing = packing,
                           .panels = panels,
                           .n = shape.n,
                           .k = shape.k,
                           .rows = packed.data,
                           .row_stride = packed.stride,
                           .row_begin = 0,
                           .row_end = rows,
                           .tile_begin = 0,
                           .tile_end = (shape.n + 15) / 16,
                           .bias = nullptr,
                           .y = y_.data(),
                           .ldy = 11264,
                           .accumulate = false});
      panels += Rounded(kernels::PanelBytes(packing, shape.n, shape.k));
    }
  }

  double ReadRate() {
    const auto start = Clock::now();
    const auto members = static_cast<size_t>(exec_.pool().size());
    const size_t share = weights_->bytes() / members / 128 * 128;
    std::vector<uint64_t> sums(members);
    exec_.pool().For(static_cast<int64_t>(members), 1, [&](int64_t i, int64_t) {
      sums[i] = ReadAll(weights_->data() + static_cast<size_t>(i) * share, share);
    });
    for (const uint64_t sum : sums) sink_ = sink_ + sum;
    return RateSince(start);
  }
  double MultiplyRate() {
    const auto start = Clock::now();
    for (const kernels::MatMulArgs& product : products_) ops::RunProduct(exec_, product);
    return RateSince(start);
  }

 private:
  double RateSince(Clock::time_point start) const {
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    return static_cast<double>(weights_->bytes()) / seconds / 1e9;
  }

  const ops::Exec& exec_;
  std::vector<float> x_, y_;
  std::unique_ptr<Weights> weights_;
  std::vector<ops::RowOperand> rows_;
  std::vector<kernels::MatMulArgs> products_;
  volatile uint64_t sink_ = 0;
};

Json Summary(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t count = values.size();
  return {
      {"low", values[count / 4]}, {"median", values[count / 2]}, {"high", values[3 * count / 4]}};
}

Json Measure(const Type& type, int threads, size_t rows, int passes) {
  ThreadPool pool(threads);
  const ops::Exec exec(pool, kernels::TableOf(kernels::BestTarget()));
  Pass pass(exec, type.packing, rows);
  pass.ReadRate();
  pass.MultiplyRate();
  std::vector<double> shares, rates, reads;
  double before = pass.ReadRate();
  for (int i = 0; i < passes; ++i) {
    const double rate = pass.MultiplyRate(), after = pass.ReadRate();
    if (std::abs(after - before) < 0.1 * before) {
      reads.push_back((before + after) / 2);
      rates.push_back(rate);
      shares.push_back(rate / reads.back());
    }
    before = after;
  }
  if (shares.empty()) return Json();
  return {{"type", type.name},       {"threads", threads},     {"rows", rows},
          {"passes", shares.size()}, {"read", Summary(reads)}, {"gb_per_second", Summary(rates)},
          {"share", Summary(shares)}};
}

std::string Now() {
  const std::time_t now = std::time(nullptr);
  char text[32];
  std::strftime(text, sizeof(text), "%Y-%m-%d %H:%M UTC", std::gmtime(&now));
  return text;
}

std::vector<int> Numbers(const std::string& text) {
  std::vector<int> numbers;
  std::istringstream stream(text);
  for (std::string word; std::getline(stream, word, ',');) {
    numbers.push_back(std::max(1, std::atoi(word.c_str())));
  }
  return numbers;
}

int Main(int argc, char** argv) {
  std::vector<int> threads = {1, 2}, rows = {1, 4, 8};
  int passes = 40;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string flag = argv[i];
    if (flag == "--threads") threads = Numbers(argv[i + 1]);
    if (flag == "--rows") rows = Numbers(argv[i + 1]);
    if (flag == "--passes") passes = std::max(1, std::atoi(argv[i + 1]));
  }
  Json results = Json::array();
  for (const Type& type : kTypes) {
    for (const int count : threads) {
      for (const int row : rows) {
        Json result = Measure(type, count, static_cast<size_t>(row), passes);
        if (result.is_null()) {
          std::cerr << "bench_streams: " << type.name << ": the read rate never stood still\n";
          continue;
        }
        results.push_back(std::move(result));
      }
    }
  }
  const std::string target(kernels::TargetName(kernels::BestTarget()));
  std::cout << Json({{"schema", "parvis.bench.streams/1"},
                     {"taken", Now()},
                     {"target", target},
                     {"results", results}})
                   .dump(1)
            << "\n";
  return 0;
}

}  // namespace
}  // namespace parvis::bench

int main(int argc, char** argv) { return parvis::bench::Main(argc, argv); }
