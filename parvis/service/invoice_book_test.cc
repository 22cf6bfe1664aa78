#include "parvis/service/invoice_book.h"

#include <random>

#include "gtest/gtest.h"
#include "tests/scratch_database.h"

namespace parvis::service {
namespace {

using governance::MoneyText;
using governance::Month;

constexpr Month kOctober{2026, 10};
const int64_t kNow = kOctober.end_ms() + 3'600'000;  // an hour into November

class InvoiceBookTest : public ScratchDatabaseTest {
 protected:
  InvoiceBookTest() {
    book_ = std::move(InvoiceBook::Open(path_)).value();
    database_ = std::move(store::Database::Open(path_)).value();
    EXPECT_TRUE(database_
                    ->RunScript("INSERT INTO organisations VALUES('a', 'A', '', 0, 0, 0);"
                                "INSERT INTO organisations VALUES('b', 'B', '', 0, 0, 0);")
                    .ok());
    const governance::Party party{"Seller", "1 street", "FR", "FR44732829320", "732829320"};
    EXPECT_TRUE(book_->SetSeller(SellerOf(party, 2000)).ok());
    for (const char* id : {"a", "b"}) {
      governance::Buyer buyer;
      buyer.party = {"Buyer", "2 street", "FR", "", ""};
      EXPECT_TRUE(book_->SetBuyer(id, buyer).ok());
    }
  }

  static governance::Seller SellerOf(const governance::Party& party, int64_t rate) {
    governance::Seller seller;
    seller.party = party;
    seller.vat.rate = rate;
    return seller;
  }
  // A request that costs so much; without an answer if `open`.
  void Use(const std::string& organisation, int64_t at_ms, int64_t micros,
           const std::string& currency = "EUR", bool open = false) {
    const std::string id = "r" + std::to_string(++requests_);
    auto request = database_->Prepare(
        "INSERT INTO requests(id, organisation, owner, api_key, route, model, model_digest, "
        "created_ms, input_tokens, max_output_tokens, currency, input_price, cached_price, "
        "output_price) VALUES(?1, ?2, 'ada', 'k', 'POST /x', 'm', 'd', ?3, 3, 5, ?4, 7, 7, 9)");
    ASSERT_TRUE(
        request->Bind(1, id).Bind(2, organisation).Bind(3, at_ms).Bind(4, currency).Run().ok());
    if (open) return;
    auto answer = database_->Prepare(
        "INSERT INTO answers(request, organisation, owner, finish, finished_ms, input_tokens, "
        "cached_tokens, output_tokens, charged_micros) "
        "VALUES(?1, ?2, 'ada', 'stop', ?3, 3, 1, 4, ?4)");
    ASSERT_TRUE(
        answer->Bind(1, id).Bind(2, organisation).Bind(3, at_ms).Bind(4, micros).Run().ok());
  }
  InvoiceAsk Ask(const std::string& organisation, const std::string& currency = "") {
    return {organisation, kOctober, currency, InvoiceAnnex::kUsers};
  }

  std::unique_ptr<InvoiceBook> book_;
  std::unique_ptr<store::Database> database_;
  int requests_ = 0;
};

TEST_F(InvoiceBookTest, TellsTheMonthAndNothingElse) {
  Use("a", kOctober.begin_ms(), 1'004'000);
  Use("a", kOctober.end_ms() - 1, 2'003'000);
  Use("a", kOctober.begin_ms() - 1, 1'000'000);
  Use("a", kOctober.end_ms(), 1'000'000);
  Use("b", kOctober.begin_ms(), 5'000'000);
  Use("a", kOctober.begin_ms(), 0);  // costs nothing
  const auto kept = book_->Issue(Ask("a"), kNow);
  ASSERT_TRUE(kept.ok()) << kept.status().message();
  const governance::Invoice& invoice = kept->invoice;
  EXPECT_EQ(invoice.number, "PV-2026-000001");
  EXPECT_EQ(invoice.issued, "2026-11-01");
  EXPECT_EQ(invoice.due, "2026-12-01");
  ASSERT_EQ(invoice.lines.size(), 1u);
  EXPECT_EQ(invoice.lines[0].use.requests, 2);
  EXPECT_EQ(invoice.lines[0].price.output_micros, 9);
  ASSERT_EQ(invoice.shares.size(), 1u);
  EXPECT_EQ(invoice.shares[0].use.micros, invoice.totals.exact_micros);
  EXPECT_EQ(MoneyText(invoice.totals.net_micros), "3.01");
  EXPECT_EQ(MoneyText(invoice.totals.vat_micros), "0.60");
  // What was issued stays, whoever the seller is today.
  ASSERT_TRUE(book_->SetSeller(SellerOf({"Other", "x", "DE", "DE123456789", ""}, 1900)).ok());
  const auto again = book_->Find("a", invoice.number);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->content, kept->content);
  EXPECT_EQ(again->sha256, kept->sha256);
  EXPECT_EQ(book_->Find("b", invoice.number).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(book_->List("a").value().size(), 1u);
  EXPECT_TRUE(book_->List("b").value().empty());
}

TEST_F(InvoiceBookTest, NamesThatAreNoTextStopNothing) {
  if (ScratchIsShared()) GTEST_SKIP() << "PostgreSQL keeps no such text";
  governance::Buyer buyer;
  buyer.party = {
      "Lyc\xe9"
      "e",
      "2 street", "FR", "", ""};
  ASSERT_TRUE(book_->SetBuyer("a", buyer).ok());
  Use("a", kOctober.begin_ms(), 1'000'000);
  EXPECT_EQ(book_->Issue(Ask("a"), kNow).value().invoice.number, "PV-2026-000001");
  EXPECT_EQ(book_->Find("a", "PV-2026-000001").value().invoice.buyer.name, "Lyc\ufffde");
}

TEST_F(InvoiceBookTest, IssuesOnlyWhatIsOverAndWhole) {
  const auto code = [&](const InvoiceAsk& ask, int64_t now) {
    return book_->Issue(ask, now).status().code();
  };
  EXPECT_EQ(code(Ask("a"), kNow), StatusCode::kInvalidArgument) << "there is nothing";
  Use("a", kOctober.begin_ms(), 1'000'000);
  EXPECT_EQ(code(Ask("a"), kOctober.end_ms() - 1), StatusCode::kInvalidArgument);
  EXPECT_EQ(code(Ask("a"), kOctober.end_ms() + 1), StatusCode::kUnavailable) << "ended just now";
  EXPECT_EQ(code(Ask("local"), kNow), StatusCode::kInvalidArgument);
  Use("a", kOctober.begin_ms(), 0, "EUR", /*open=*/true);
  EXPECT_EQ(code(Ask("a"), kNow), StatusCode::kUnavailable) << "one still runs";
  ASSERT_TRUE(database_->Run("DELETE FROM requests WHERE id = 'r2'").ok());
  ASSERT_TRUE(book_->SetBuyer("a", {}).ok());
  EXPECT_EQ(code(Ask("a"), kNow), StatusCode::kInvalidArgument) << "to whom";
  const auto preview = book_->Preview(Ask("a"), kOctober.end_ms() - 1);
  ASSERT_TRUE(preview.ok()) << "a preview needs none of it";
  EXPECT_EQ(preview->kind, governance::InvoiceKind::kPreview);
  EXPECT_FALSE(preview->month_over);
  EXPECT_EQ(preview->number, "");
  EXPECT_TRUE(book_->List("").value().empty()) << "nothing of all that is kept";
}

TEST_F(InvoiceBookTest, AMonthHasOneInvoiceForEachCurrency) {
  Use("a", kOctober.begin_ms(), 1'000'000, "EUR");
  Use("a", kOctober.begin_ms(), 3'000'000, "CHF");
  EXPECT_NE(book_->Issue(Ask("a"), kNow).status().message().find("CHF, EUR"), std::string::npos);
  EXPECT_FALSE(book_->Issue(Ask("a", "USD"), kNow).ok());
  EXPECT_EQ(book_->Issue(Ask("a", "CHF"), kNow).value().invoice.totals.exact_micros, 3'000'000);
  EXPECT_EQ(book_->Issue(Ask("a", "EUR"), kNow).value().invoice.number, "PV-2026-000002");
  EXPECT_FALSE(book_->Issue(Ask("a", "EUR"), kNow).ok());
}

TEST_F(InvoiceBookTest, CreditsNeverMoreThanThereIs) {
  Use("a", kOctober.begin_ms(), 10'030'000);
  const std::string number = book_->Issue(Ask("a"), kNow).value().invoice.number;
  const auto credit = [&](std::optional<int64_t> net) {
    return book_->Credit("a", number, net, "why", kNow);
  };
  EXPECT_FALSE(credit(10'040'000).ok());
  EXPECT_FALSE(credit(0).ok());
  EXPECT_FALSE(credit(-10'000).ok());
  EXPECT_FALSE(credit(5'000).ok()) << "half a cent";
  EXPECT_FALSE(book_->Credit("b", number, {}, "why", kNow).ok()) << "of another organisation";
  EXPECT_FALSE(book_->Credit("a", number, {}, "", kNow).ok());
  const auto part = credit(4'000'000);
  ASSERT_TRUE(part.ok());
  EXPECT_EQ(part->invoice.corrects, number);
  EXPECT_EQ(part->invoice.number, "PV-2026-000002");
  EXPECT_FALSE(book_->Issue(Ask("a"), kNow).ok()) << "not yet credited in full";
  EXPECT_FALSE(credit(6'040'000).ok());
  const auto rest = credit({});
  ASSERT_TRUE(rest.ok());
  EXPECT_EQ(rest->invoice.totals.net_micros, 6'030'000);
  EXPECT_FALSE(credit({}).ok()) << "nothing is left";
  EXPECT_FALSE(book_->Credit("a", rest->invoice.number, {}, "why", kNow).ok());
  const KeptInvoice invoice = book_->Find("a", number).value();
  EXPECT_EQ(invoice.credited_gross_micros, invoice.invoice.totals.gross_micros);
  EXPECT_EQ(book_->Issue(Ask("a"), kNow).value().invoice.number, "PV-2026-000004");
}

// In whatever pieces: they sum up to the invoice, tax and all, and none is negative.
TEST_F(InvoiceBookTest, PiecesOfCreditSumUp) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 rng(seed);
  for (int round = 0; round < 20; ++round) {
    ASSERT_TRUE(database_->RunScript("DELETE FROM answers; DELETE FROM requests;").ok());
    Use("a", kOctober.begin_ms(), 10'000 + static_cast<int64_t>(rng() % 3'000'000));
    const governance::Invoice invoice = book_->Issue(Ask("a"), kNow).value().invoice;
    int64_t net = 0, vat = 0;
    while (net < invoice.totals.net_micros) {
      const int64_t left = invoice.totals.net_micros - net;
      const int64_t cents = 1 + static_cast<int64_t>(rng() % static_cast<uint64_t>(left / 10'000));
      const auto piece = book_->Credit("a", invoice.number, cents * 10'000, "why", kNow);
      ASSERT_TRUE(piece.ok()) << piece.status().message();
      EXPECT_GE(piece->invoice.totals.vat_micros, 0);
      net += piece->invoice.totals.net_micros;
      vat += piece->invoice.totals.vat_micros;
    }
    EXPECT_EQ(net, invoice.totals.net_micros);
    EXPECT_EQ(vat, invoice.totals.vat_micros);
  }
}

TEST_F(InvoiceBookTest, WhatWasChangedIsNotToldAsIssued) {
  Use("a", kOctober.begin_ms(), 1'000'000);
  const std::string number = book_->Issue(Ask("a"), kNow).value().invoice.number;
  ASSERT_TRUE(
      database_->RunScript("UPDATE invoices SET content = replace(content, '\"1.20\"', '\"9.20\"')")
          .ok());
  EXPECT_EQ(book_->Find("a", number).status().code(), StatusCode::kDataLoss);
  EXPECT_EQ(book_->List("a").status().code(), StatusCode::kDataLoss);
}

TEST_F(InvoiceBookTest, NumbersStandInTheOrderOfTheirDates) {
  Use("a", kOctober.begin_ms(), 1'000'000);
  Use("b", kOctober.begin_ms(), 1'000'000);
  ASSERT_TRUE(book_->Issue(Ask("a"), kNow + 1000).ok());
  EXPECT_EQ(book_->Issue(Ask("b"), kNow).status().code(), StatusCode::kUnavailable);
  const int64_t later = Month{2027, 1}.begin_ms();
  EXPECT_EQ(book_->Issue(Ask("b"), later).value().invoice.number, "PV-2027-000001");
}

}  // namespace
}  // namespace parvis::service
