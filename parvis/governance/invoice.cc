#include "parvis/governance/invoice.h"

#include <algorithm>
#include <iterator>

namespace parvis::governance {
namespace {

__extension__ using Wide = __int128;

constexpr std::string_view kKinds[] = {"preview", "invoice", "credit_note"};

// Currencies whose smallest unit is not a hundredth.
constexpr std::string_view kWhole[] = {"BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW",
                                       "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"};
constexpr std::string_view kThousandths[] = {"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"};

template <size_t n>
bool Among(const std::string_view (&names)[n], const std::string& name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

int64_t RoundHalfUp(Wide value, Wide unit) {
  return static_cast<int64_t>((value + unit / 2) / unit);
}

}  // namespace

std::string_view InvoiceKindName(InvoiceKind kind) { return kKinds[static_cast<int>(kind)]; }

Result<InvoiceKind> InvoiceKindNamed(std::string_view name) {
  for (size_t i = 0; i < std::size(kKinds); ++i) {
    if (kKinds[i] == name) return static_cast<InvoiceKind>(i);
  }
  return InvalidArgument("no kind of invoice");
}

int64_t SmallestUnit(const std::string& currency) {
  if (Among(kWhole, currency)) return 1'000'000;
  return Among(kThousandths, currency) ? 1'000 : 10'000;
}

InvoiceTotals TotalsOf(int64_t exact_micros, const Vat& vat, const std::string& currency) {
  const int64_t unit = SmallestUnit(currency);
  InvoiceTotals totals{.exact_micros = exact_micros};
  totals.net_micros = RoundHalfUp(exact_micros, unit) * unit;
  totals.vat_micros = RoundHalfUp(Wide{totals.net_micros} * vat.rate, Wide{10'000} * unit) * unit;
  totals.gross_micros = totals.net_micros + totals.vat_micros;
  return totals;
}

}  // namespace parvis::governance
