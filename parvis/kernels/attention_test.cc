#include <algorithm>
#include <cmath>

#include "parvis/kernels/test_support.h"

namespace parvis::kernels {
namespace {

struct Case {
  size_t rows, heads, head_dim, first_position;
  bool causal;
  size_t window;
  bool alibi;
  bool bias = false;
  size_t other_keys = 0;  // the queries see so many keys of another sequence
};

// A sequence of first_position + rows positions; queries for its last `rows`.
struct Sequence {
  explicit Sequence(const Case& c)
      : c(c),
        keys(c.other_keys > 0 ? c.other_keys : c.first_position + c.rows),
        q(RandomFloats((c.first_position + c.rows) * c.heads * c.head_dim, 5, 2.0f)),
        k(RandomFloats(keys * c.head_dim, 6, 2.0f)),
        v(RandomFloats(keys * c.head_dim, 7)),
        slopes(c.heads),
        bias_reach(std::max(keys, c.first_position + c.rows) + kLanes),
        bias(RandomFloats(c.heads * bias_stride(), 11, 1.5f)),
        scale(1.0f / std::sqrt(static_cast<float>(c.head_dim))) {
    for (size_t h = 0; h < c.heads; ++h) slopes[h] = std::exp2(-1.0f - static_cast<float>(h));
  }
  Case c;
  size_t keys;
  std::vector<float> q, k, v, slopes;
  size_t bias_reach;  // distances on each side
  std::vector<float> bias;
  float scale;

  size_t bias_stride() const { return 2 * bias_reach + 1; }
  const float* bias_start() const { return c.bias ? bias.data() + bias_reach : nullptr; }

  bool Sees(size_t row, size_t key) const {
    const size_t end = c.causal ? std::min(keys, row + 1) : keys;
    return key < end && (c.window == 0 || key + c.window >= end);
  }
  double Score(size_t row, size_t head, size_t key) const {
    double sum = 0.0;
    for (size_t d = 0; d < c.head_dim; ++d) {
      sum +=
          static_cast<double>(q[(row * c.heads + head) * c.head_dim + d]) * k[key * c.head_dim + d];
    }
    sum *= scale;
    if (c.bias) sum += bias[head * bias_stride() + bias_reach + key - row];
    if (c.alibi) sum += slopes[head] * (static_cast<double>(key) - static_cast<double>(row));
    return sum;
  }
  // The softmax row of `row` (absolute), and log of its sum.
  std::vector<double> Softmax(size_t row, size_t head, double* log_sum) const {
    std::vector<double> p(keys);
    double sum = 0.0;
    for (size_t j = 0; j < keys; ++j) {
      p[j] = Sees(row, j) ? std::exp(Score(row, head, j)) : 0.0;
      sum += p[j];
    }
    for (double& x : p) x /= sum;
    *log_sum = std::log(sum);
    return p;
  }
};

struct Outputs {
  std::vector<float> out, log_sum_exp, weights;
};

// Runs the rows in calls of `rows_at_once`.
Outputs Attend(const Table& table, const Sequence& s, size_t rows_at_once) {
  const Case& c = s.c;
  const PageLayout layout = {2, 3, c.head_dim};  // store as layer 1, head 2
  std::vector<std::vector<float>> storage((s.keys + kPageTokens - 1) / kPageTokens);
  std::vector<float*> pages;
  for (std::vector<float>& page : storage) {
    page.assign(layout.page_floats(), std::nanf(""));
    pages.push_back(page.data());
  }
  table.StoreKeyValue(s.k.data(), s.v.data(), c.head_dim, c.head_dim, 0, 5, pages.data(),
                      layout.key_offset(1, 2), layout.value_offset(1, 2));
  table.StoreKeyValue(s.k.data() + 5 * c.head_dim, s.v.data() + 5 * c.head_dim, c.head_dim,
                      c.head_dim, 5, s.keys - 5, pages.data(), layout.key_offset(1, 2),
                      layout.value_offset(1, 2));
  const size_t width = c.heads * c.head_dim;
  Outputs o = {std::vector<float>(c.rows * width), std::vector<float>(c.rows * c.heads),
               std::vector<float>(c.heads * rows_at_once * s.keys)};
  for (size_t row = 0; row < c.rows; row += rows_at_once) {
    AttentionArgs args = {.q = s.q.data() + (c.first_position + row) * width,
                          .q_stride = width,
                          .num_rows = std::min(rows_at_once, c.rows - row),
                          .heads = c.heads,
                          .head_dim = c.head_dim,
                          .pages = pages.data(),
                          .key_offset = layout.key_offset(1, 2),
                          .value_offset = layout.value_offset(1, 2),
                          .num_keys = s.keys,
                          .first_position = c.first_position + row,
                          .causal = c.causal,
                          .window = c.window,
                          .scale = s.scale,
                          .alibi_slopes = c.alibi ? s.slopes.data() : nullptr,
                          .bias = s.bias_start(),
                          .bias_stride = s.bias_stride(),
                          .out = o.out.data() + row * width,
                          .out_stride = width,
                          .log_sum_exp = o.log_sum_exp.data() + row * c.heads,
                          .lse_stride = c.heads,
                          .weights = o.weights.data(),
                          .scratch = nullptr};
    std::vector<float> scratch(AttentionScratch(args));
    args.scratch = scratch.data();
    table.Attention(args);
  }
  return o;
}

const Case kCases[] = {
    {1, 1, 64, 0 + 40, true, 0, false},
    {30, 1, 64, 0, true, 0, false},
    {33, 3, 48, 7, true, 0, true},
    {70, 4, 20, 0, true, 9, false},
    {6, 1, 8, 0, false, 0, false},
    {50, 2, 33, 0, false, 0, true},
    {100, 1, 16, 31, true, 40, true},
    {7, 8, 128, 32, true, 0, false},
    {90, 3, 20, 0, false, 0, false, true},
    {70, 2, 16, 0, true, 0, false, true},
    {9, 2, 16, 68, true, 0, false, true},
    {21, 3, 24, 0, false, 0, false, false, 83},
    {80, 2, 9, 0, false, 0, false, false, 7},
};

using AttentionTest = KernelTest;
PARVIS_ON_EVERY_TARGET(AttentionTest);

TEST_P(AttentionTest, EqualsTheFormula) {
  for (const Case& c : kCases) {
    const Sequence s(c);
    const Outputs o = Attend(table(), s, c.rows);
    for (size_t r = 0; r < c.rows; ++r) {
      for (size_t h = 0; h < c.heads; ++h) {
        double log_sum = 0.0;
        const std::vector<double> p = s.Softmax(c.first_position + r, h, &log_sum);
        ASSERT_NEAR(o.log_sum_exp[r * c.heads + h], log_sum, 4e-6);
        for (size_t j = 0; j < s.keys; ++j) {
          ASSERT_NEAR(o.weights[(h * c.rows + r) * s.keys + j], p[j], 2e-6);
        }
        for (size_t d = 0; d < c.head_dim; ++d) {
          double sum = 0.0;
          for (size_t j = 0; j < s.keys; ++j) sum += p[j] * s.v[j * c.head_dim + d];
          ASSERT_NEAR(o.out[(r * c.heads + h) * c.head_dim + d], sum, 2e-6);
        }
      }
    }
  }
}

TEST_P(AttentionTest, SameBitsHoweverManyRowsTogether) {
  for (const Case& c : kCases) {
    const Sequence s(c);
    const Outputs whole = Attend(table(), s, c.rows);
    for (const size_t rows : {1, 2, 3, 5, 8, 13}) {
      const Outputs cut = Attend(table(), s, rows);
      ASSERT_TRUE(SameBits(whole.out, cut.out)) << rows;
      ASSERT_TRUE(SameBits(whole.log_sum_exp, cut.log_sum_exp)) << rows;
    }
  }
}

TEST(AttentionTargets, SameBitsOnAll) {
  for (const Case& c : kCases) {
    const Sequence s(c);
    const Outputs reference = Attend(TableOf(Target::kScalar), s, c.rows);
    for (const Target target : SupportedTargets()) {
      const Outputs o = Attend(TableOf(target), s, c.rows);
      EXPECT_TRUE(SameBits(reference.out, o.out)) << TargetName(target);
      EXPECT_TRUE(SameBits(reference.log_sum_exp, o.log_sum_exp)) << TargetName(target);
    }
  }
}

TEST_P(AttentionTest, BackwardEqualsTheFormula) {
  for (const Case& c : kCases) {
    if (c.first_position != 0) continue;
    const Sequence s(c);
    const size_t n = c.rows, m = s.keys, width = c.heads * c.head_dim;
    const Outputs forward = Attend(table(), s, n);
    const std::vector<float> grad_out = RandomFloats(n * width, 8);
    // Keys and values lie in rows as wide as those of the queries, and are padded.
    const size_t kv_stride = c.head_dim + 3;
    std::vector<float> k(m * kv_stride), v(m * kv_stride), gk(m * kv_stride, 9.0f),
        gv(m * kv_stride, 9.0f), gq(n * width, 9.0f), gbias(s.bias.size(), 1.0f);
    for (size_t i = 0; i < m * c.head_dim; ++i) {
      k[i / c.head_dim * kv_stride + i % c.head_dim] = s.k[i];
      v[i / c.head_dim * kv_stride + i % c.head_dim] = s.v[i];
    }
    AttentionBackwardArgs args = {.q = s.q.data(),
                                  .k = k.data(),
                                  .v = v.data(),
                                  .out = forward.out.data(),
                                  .grad_out = grad_out.data(),
                                  .q_stride = width,
                                  .kv_stride = kv_stride,
                                  .num_rows = n,
                                  .num_keys = m,
                                  .heads = c.heads,
                                  .head_dim = c.head_dim,
                                  .causal = c.causal,
                                  .window = c.window,
                                  .scale = s.scale,
                                  .alibi_slopes = c.alibi ? s.slopes.data() : nullptr,
                                  .bias = s.bias_start(),
                                  .bias_stride = s.bias_stride(),
                                  .log_sum_exp = forward.log_sum_exp.data(),
                                  .lse_stride = c.heads,
                                  .grad_q = gq.data(),
                                  .grad_k = gk.data(),
                                  .grad_v = gv.data(),
                                  .grad_bias = c.bias ? gbias.data() + s.bias_reach : nullptr,
                                  .scratch = nullptr};
    std::vector<float> scratch(AttentionBackwardScratch(args));
    args.scratch = scratch.data();
    table().AttentionBackward(args);

    std::vector<double> eq(n * width), ek(m * c.head_dim), ev(m * c.head_dim);
    std::vector<double> ebias(s.bias.size(), 1.0);  // added to what was there
    for (size_t h = 0; h < c.heads; ++h) {
      for (size_t r = 0; r < n; ++r) {
        double ignored = 0.0;
        const std::vector<double> p = s.Softmax(r, h, &ignored);
        const size_t at = r * width + h * c.head_dim;
        std::vector<double> dp(m);
        double mean = 0.0;
        for (size_t j = 0; j < m; ++j) {
          for (size_t d = 0; d < c.head_dim; ++d) {
            dp[j] += static_cast<double>(grad_out[at + d]) * s.v[j * c.head_dim + d];
            ev[j * c.head_dim + d] += p[j] * grad_out[at + d];
          }
          mean += p[j] * dp[j];
        }
        for (size_t j = 0; j < m; ++j) {
          const double ds = p[j] * (dp[j] - mean) * s.scale;
          ebias[h * s.bias_stride() + s.bias_reach + j - r] += p[j] * (dp[j] - mean);
          for (size_t d = 0; d < c.head_dim; ++d) {
            eq[at + d] += ds * s.k[j * c.head_dim + d];
            ek[j * c.head_dim + d] += ds * s.q[at + d];
          }
        }
      }
    }
    for (size_t i = 0; i < n * width; ++i) ASSERT_NEAR(gq[i], eq[i], 1e-5);
    for (size_t i = 0; c.bias && i < gbias.size(); ++i) ASSERT_NEAR(gbias[i], ebias[i], 3e-5);
    for (size_t i = 0; i < m * c.head_dim; ++i) {
      const size_t at = i / c.head_dim * kv_stride + i % c.head_dim;
      ASSERT_NEAR(gk[at], ek[i], 2e-5);
      ASSERT_NEAR(gv[at], ev[i], 2e-5);
    }
  }
}

}  // namespace
}  // namespace parvis::kernels
