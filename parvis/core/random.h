#ifndef PARVIS_CORE_RANDOM_H_
#define PARVIS_CORE_RANDOM_H_

#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>

namespace parvis {

// A small generator of pseudo-random numbers that is the same on every machine: xoshiro256**
// seeded by SplitMix64 (Blackman and Vigna, "Scrambled linear pseudorandom number generators",
// 2018). Its whole state can be saved, so that a resumed run continues the same stream. Not for
// secrets.
class Random {
 public:
  using State = std::array<uint64_t, 4>;
  __extension__ using Wide = unsigned __int128;

  explicit Random(uint64_t seed, uint64_t stream = 0) {
    // The stream's number is scrambled first: SplitMix walks in equal steps, so neighbouring
    // streams would else share three of their four words.
    uint64_t x = seed ^ SplitMix(stream);
    for (uint64_t& word : state_) word = SplitMix(x);
  }

  uint64_t Next() {
    const uint64_t result = Rotate(state_[1] * 5, 7) * 9;
    const uint64_t t = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= t;
    state_[3] = Rotate(state_[3], 45);
    return result;
  }

  // Uniform in [0, 1), with 53 bits.
  double Uniform() { return static_cast<double>(Next() >> 11) * 0x1.0p-53; }

  // Uniform in [0, bound), without bias (Lemire's method). REQUIRES: bound > 0.
  uint64_t Below(uint64_t bound) {
    while (true) {
      const auto product = static_cast<Wide>(Next()) * bound;
      if (static_cast<uint64_t>(product) >= (0 - bound) % bound) {
        return static_cast<uint64_t>(product >> 64);
      }
    }
  }

  // Standard normal (Box and Muller, one value per call so that no half is kept).
  double Normal() {
    const double radius = std::sqrt(-2.0 * std::log(1.0 - Uniform()));
    return radius * std::cos(2.0 * std::numbers::pi * Uniform());
  }

  const State& state() const { return state_; }
  void set_state(const State& state) { state_ = state; }

 private:
  static uint64_t Rotate(uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }
  static uint64_t SplitMix(uint64_t& x) {
    uint64_t z = (x += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }

  State state_;
};

}  // namespace parvis

#endif  // PARVIS_CORE_RANDOM_H_
