#include "parvis/governance/invoice.h"

#include "gtest/gtest.h"
#include "parvis/core/utc.h"
#include "parvis/governance/invoice_text.h"

namespace parvis::governance {
namespace {

// EN 16931's order: the net total is rounded once, and the tax on what was rounded once. What a
// line has below a cent is never dropped before the sum.
TEST(InvoiceTotals, AreRoundedOnceHalfUp) {
  struct Row {
    int64_t exact, rate;
    const char *currency, *net, *vat, *gross;
  };
  constexpr Row kRows[] = {
      {0, 2000, "EUR", "0.00", "0.00", "0.00"},
      {4'999, 2000, "EUR", "0.00", "0.00", "0.00"},
      {5'000, 2000, "EUR", "0.01", "0.00", "0.01"},
      {12'345'678, 2000, "EUR", "12.35", "2.47", "14.82"},
      {12'344'999, 2000, "EUR", "12.34", "2.47", "14.81"},
      {1'025'000, 2000, "EUR", "1.03", "0.21", "1.24"},  // 0.206
      {10'000'000, 550, "EUR", "10.00", "0.55", "10.55"},
      {100'000, 550, "EUR", "0.10", "0.01", "0.11"},  // 0.0055
      {90'000, 550, "EUR", "0.09", "0.00", "0.09"},   // 0.00495
      {1'500'000, 1000, "JPY", "2.00", "0.00", "2.00"},
      {1'234'567, 500, "KWD", "1.235", "0.062", "1.297"},  // 0.06175
      {kMaxMicros, 10'000, "EUR", "1000000000.00", "1000000000.00", "2000000000.00"},
  };
  for (const Row& row : kRows) {
    const InvoiceTotals totals = TotalsOf(row.exact, {.rate = row.rate}, row.currency);
    EXPECT_EQ(MoneyText(totals.net_micros), row.net) << row.exact;
    EXPECT_EQ(MoneyText(totals.vat_micros), row.vat) << row.exact;
    EXPECT_EQ(MoneyText(totals.gross_micros), row.gross) << row.exact;
    EXPECT_EQ(totals.exact_micros, row.exact);
  }
}

Invoice Example() {
  Invoice invoice;
  invoice.kind = InvoiceKind::kInvoice;
  invoice.number = "PV-2026-000001";
  invoice.organisation = "org_1";
  invoice.month = {2026, 10};
  invoice.issued = "2026-11-02";
  invoice.due = "2026-12-02";
  invoice.currency = "EUR";
  invoice.seller.party = {"Vendeur <b>", "1 rue du Port\n29200 Brest", "FR", "FR44732829320",
                          "732829320"};
  invoice.seller.terms = "IBAN & BIC";
  invoice.buyer = {"Lycée \"A\"", "2 place d'Armes", "FR", "", ""};
  invoice.vat = {2000, ""};
  invoice.lines = {{"=cmd<script>", {150'000, 75'000, 600'000}, {3, 1'234'567, 10, 20, 1'234'567}}};
  invoice.shares = {{"+6e", "@Ada", {3, 1'234'567, 10, 20, 1'234'567}}};
  invoice.totals = TotalsOf(1'234'567, invoice.vat, "EUR");
  return invoice;
}

TEST(Invoice, ComesBackFromWhatIsKept) {
  const Invoice invoice = Example();
  const std::string kept = JsonOf(invoice).dump();
  const auto read = InvoiceOf(ParseJson(kept).value());
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_EQ(JsonOf(*read).dump(), kept);
  for (const char* field : {"kind", "month", "seller", "lines", "totals", "vat", "number"}) {
    Json damaged = ParseJson(kept).value();
    damaged[field] = nullptr;
    EXPECT_EQ(InvoiceOf(damaged).status().code(), StatusCode::kDataLoss) << field;
    damaged.erase(field);
    EXPECT_EQ(InvoiceOf(damaged).status().code(), StatusCode::kDataLoss) << field;
  }
  Json later = ParseJson(kept).value();
  later["schema"] = "parvis.invoice/2";
  EXPECT_FALSE(InvoiceOf(later).ok());
}

TEST(Invoice, IsTextOnItsPage) {
  for (const Language language : {Language::kEnglish, Language::kFrench}) {
    const std::string page = InvoiceHtml(Example(), language);
    EXPECT_EQ(page.find("<script"), std::string::npos);
    EXPECT_EQ(page.find("<b>"), std::string::npos);
    EXPECT_NE(page.find("Vendeur &lt;b&gt;"), std::string::npos);
    EXPECT_NE(page.find("IBAN &amp; BIC"), std::string::npos);
  }
}

TEST(InvoiceWords, AreOfTheirLanguage) {
  const Language fr = Language::kFrench, en = Language::kEnglish;
  EXPECT_EQ(AmountText(en, 1'234'567'800'000, "EUR"), "1,234,567.80\u00a0EUR");
  EXPECT_EQ(AmountText(fr, 1'234'500'000, "EUR"), "1\u202f234,50\u00a0EUR");
  EXPECT_EQ(AmountText(fr, 123, "EUR"), "0,000123\u00a0EUR");
  EXPECT_EQ(AmountText(en, 1'234'000'000, "JPY"), "1,234\u00a0JPY");
  EXPECT_EQ(LongDate(fr, "2026-08-01"), "1er\u00a0août\u00a02026");
  EXPECT_EQ(LongDate(en, "2026-12-31"), "31\u00a0December\u00a02026");
  EXPECT_EQ(PercentText(fr, 550), "5,5\u00a0%");
  EXPECT_EQ(ExemptionText(fr, {0, kSmallSeller}), "TVA non applicable, art. 293 B du CGI");
  EXPECT_EQ(ExemptionText(en, {0, "Article 44"}), "Article 44");
}

TEST(Party, IsCheckedByItsCheckDigits) {
  Seller seller;
  seller.party = {"A", "B", "FR", "FR44732829320", "732 829 320"};
  EXPECT_TRUE(CheckSeller(seller).ok());
  seller.party.registration = "732829320 00074";
  EXPECT_TRUE(CheckSeller(seller).ok());
  const auto refused = [&](const char* field) {
    const Status status = CheckSeller(seller);
    return !status.ok() && status.message().starts_with(field);
  };
  seller.party.registration = "732829321";
  EXPECT_TRUE(refused("registration"));
  seller.party.registration = "";
  for (const char* wrong :
       {"FR45732829320", "FR44732829321", "fr44732829320", "F1", "FR4473282932"}) {
    seller.party.vat_id = wrong;
    EXPECT_TRUE(refused("vat_id")) << wrong;
  }
  seller.party.vat_id = "DE123456789";
  seller.party.country = "France";
  EXPECT_TRUE(refused("country"));
  seller.party.country = "DE";
  seller.party.name = "a\nb";
  EXPECT_TRUE(refused("name"));
  seller.party.name = "A";
  seller.vat = {2000, kSmallSeller};
  EXPECT_TRUE(refused("vat_exemption"));
  seller.vat = {2000, ""};
  seller.series = "pv";
  EXPECT_TRUE(refused("series"));
}

TEST(Party, HasWhatAnInvoiceNeeds) {
  Seller seller;
  seller.party = {"A", "B", "FR", "", "732829320"};
  Buyer buyer;
  buyer.party = {"C", "D", "DE", "", ""};
  EXPECT_TRUE(CheckComplete(seller, buyer, {0, kSmallSeller}).ok());
  EXPECT_FALSE(CheckComplete(seller, buyer, {}).ok()) << "neither a rate nor why there is none";
  EXPECT_FALSE(CheckComplete(seller, buyer, {2000, ""}).ok()) << "a rate and no VAT number";
  Seller taxed = seller;
  taxed.party.vat_id = "FR44732829320";
  EXPECT_TRUE(CheckComplete(taxed, buyer, {2000, ""}).ok());
  EXPECT_FALSE(CheckComplete(taxed, buyer, {0, kReverseCharge}).ok()) << "the buyer's VAT number";
  Buyer reverse = buyer;
  reverse.party.vat_id = "DE123456789";
  EXPECT_TRUE(CheckComplete(taxed, reverse, {0, kReverseCharge}).ok());
  taxed.party.registration = "";
  EXPECT_FALSE(CheckComplete(taxed, buyer, {2000, ""}).ok()) << "the SIREN";
  reverse.party.address = "";
  EXPECT_FALSE(CheckComplete(seller, reverse, {0, kSmallSeller}).ok());
}

TEST(Month, BeginsAndEndsInUtc) {
  const Month month = ParseMonth("2024-02").value();
  EXPECT_EQ(month.begin_ms(), 1'706'745'600'000);
  EXPECT_EQ(month.end_ms() - month.begin_ms(), int64_t{29} * 86'400'000);
  EXPECT_EQ(UtcDate(month.end_ms() - 1), "2024-02-29");
  EXPECT_EQ((Month{2024, 12}).end_ms(), (Month{2025, 1}).begin_ms());
  for (const char* wrong :
       {"2024-13", "2024-00", "2024-2", "24-02", "2024-02-01", "1969-12", "+024-02"}) {
    EXPECT_FALSE(ParseMonth(wrong).ok()) << wrong;
  }
}

TEST(Rate, IsDecimal) {
  EXPECT_EQ(ParseRate("20").value(), 2000);
  EXPECT_EQ(ParseRate("5.5").value(), 550);
  EXPECT_EQ(RateText(ParseRate("8.25").value()), "8.25");
  for (const char* wrong : {"", "-1", "5.555", "100.01", "2e1", "20%"}) {
    EXPECT_FALSE(ParseRate(wrong).ok()) << wrong;
  }
}

}  // namespace
}  // namespace parvis::governance
