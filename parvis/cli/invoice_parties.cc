// parvis invoice seller and buyer: whom invoices are from and to, said once.

#include <fmt/format.h>

#include <memory>

#include "parvis/cli/command.h"
#include "parvis/cli/store_folder.h"
#include "parvis/service/invoice_book.h"

namespace parvis::cli {
namespace {

using governance::Party;
using governance::Vat;

std::string Joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += (text.empty() ? "" : "\n") + line;
  return text;
}

// What is said of a party and of its tax; what is not stays as it is.
class PartyFlags {
 public:
  void AddTo(FlagSet& flags) {
    name_given_ = flags.Add("--name", &party_.name, "Its name, as the law has it");
    address_given_ =
        flags.Add("--address", &address_, "A line of its address; may be given several times");
    country_given_ = flags.Add("--country", &party_.country, "Two letters, such as FR");
    vat_id_given_ = flags.Add("--vat-id", &party_.vat_id, "Its VAT number (\"\": none)");
    registration_given_ = flags.Add("--registration", &party_.registration,
                                    "SIREN or SIRET, or what its country has (\"\": none)");
    rate_given_ = flags.Add("--vat-rate", &rate_, "Percent of VAT, such as 20 or 5.5");
    exemption_given_ = flags.Add("--vat-exemption", &exemption_,
                                 "Why there is no VAT: 293b (small sellers in France), "
                                 "reverse-charge, or the sentence to print");
  }
  void Apply(Party& party) const {
    if (name_given_.given()) party.name = party_.name;
    if (address_given_.given()) party.address = Joined(address_);
    if (country_given_.given()) party.country = party_.country;
    if (vat_id_given_.given()) party.vat_id = party_.vat_id;
    if (registration_given_.given()) party.registration = party_.registration;
  }
  // Nothing, if the line says nothing of it.
  Result<std::optional<Vat>> ReadVat() const {
    if (!rate_given_.given() && !exemption_given_.given()) return std::optional<Vat>();
    Vat vat;
    if (rate_given_.given()) {
      auto rate = governance::ParseRate(rate_);
      if (!rate.ok()) return rate.status();
      vat.rate = *rate;
    }
    vat.exemption = exemption_;
    return std::optional(vat);
  }

 private:
  Party party_;
  std::vector<std::string> address_;
  std::string rate_, exemption_;
  Flag name_given_, address_given_, country_given_, vat_id_given_, registration_given_, rate_given_,
      exemption_given_;
};

OrderedJson JsonOf(const Party& party) {
  return {{"name", party.name},
          {"address", party.address},
          {"country", party.country},
          {"vat_id", party.vat_id},
          {"registration", party.registration}};
}

OrderedJson JsonOf(const Vat& vat) {
  return {{"rate", governance::RateText(vat.rate)}, {"exemption", vat.exemption}};
}

void Show(const char* command, const char* what, const OrderedJson& json, Console& console) {
  if (console.json) {
    OrderedJson document = Console::Document(command);
    document[what] = json;
    return console.PrintJson(document);
  }
  console.Print(json.dump(2, ' ', false, OrderedJson::error_handler_t::replace) + "\n");
}

struct SellerOptions {
  StoreFlags store;
  PartyFlags party;
  std::string series;
  int64_t payment_days = 0;
  std::vector<std::string> terms;
  Flag series_given, days_given, terms_given;
};

std::function<Status()> DefineSeller(FlagSet& flags, Console& console) {
  auto o = std::make_shared<SellerOptions>();
  o->party.AddTo(flags);
  o->series_given =
      flags.Add("--series", &o->series, "How numbers begin: PV-2026-000001 is of the series PV");
  o->days_given =
      flags.Add("--payment-days", &o->payment_days, "Days from the date of issue in which to pay");
  o->terms_given = flags.Add("--terms", &o->terms,
                             "A line at the foot: how to pay, what follows if not; may be given "
                             "several times");
  o->store.AddTo(flags);
  return [o, &console]() -> Status {
    PARVIS_RETURN_IF_ERROR(o->store.Open().status());
    PARVIS_ASSIGN_OR_RETURN(const std::string path, o->store.DatabasePath());
    PARVIS_ASSIGN_OR_RETURN(const auto book, service::InvoiceBook::Open(path));
    PARVIS_ASSIGN_OR_RETURN(governance::Seller seller, book->FindSeller());
    o->party.Apply(seller.party);
    PARVIS_ASSIGN_OR_RETURN(const auto vat, o->party.ReadVat());
    if (vat) seller.vat = *vat;
    if (o->series_given.given()) seller.series = o->series;
    if (o->days_given.given()) seller.payment_days = o->payment_days;
    if (o->terms_given.given()) seller.terms = Joined(o->terms);
    PARVIS_RETURN_IF_ERROR(book->SetSeller(seller));
    OrderedJson json = JsonOf(seller.party);
    json["vat"] = JsonOf(seller.vat);
    json["series"] = seller.series;
    json["payment_days"] = seller.payment_days;
    json["terms"] = seller.terms;
    Show("invoice-seller", "seller", json, console);
    return {};
  };
}

struct BuyerOptions {
  StoreFlags store;
  PartyFlags party;
  std::string org;
  bool as_seller = false;
};

std::function<Status()> DefineBuyer(FlagSet& flags, Console& console) {
  auto o = std::make_shared<BuyerOptions>();
  flags.Add("--org,org", &o->org, "The organisation, by id or name", {.required = true});
  o->party.AddTo(flags);
  flags.Add("--vat-as-seller", &o->as_seller, "VAT as the seller has it, and nothing of its own");
  o->store.AddTo(flags);
  return [o, &console]() -> Status {
    PARVIS_ASSIGN_OR_RETURN(const auto directory, o->store.Open());
    PARVIS_ASSIGN_OR_RETURN(const auto of, directory->FindOrganisation(o->org));
    PARVIS_ASSIGN_OR_RETURN(const std::string path, o->store.DatabasePath());
    PARVIS_ASSIGN_OR_RETURN(const auto book, service::InvoiceBook::Open(path));
    PARVIS_ASSIGN_OR_RETURN(governance::Buyer buyer, book->FindBuyer(of.id));
    o->party.Apply(buyer.party);
    PARVIS_ASSIGN_OR_RETURN(const auto vat, o->party.ReadVat());
    if (vat) buyer.vat = vat;
    if (o->as_seller) buyer.vat.reset();
    PARVIS_RETURN_IF_ERROR(book->SetBuyer(of.id, buyer));
    OrderedJson json = JsonOf(buyer.party);
    json["vat"] = buyer.vat ? JsonOf(*buyer.vat) : OrderedJson();
    Show("invoice-buyer", "buyer", json, console);
    return {};
  };
}

}  // namespace

const Command kInvoiceSeller = {
    "invoice seller", "Say, or show, whom invoices are from",
    "parvis invoice seller --name \"École de code\" --address \"1 rue du Port\" --address \"29200 "
    "Brest\" --country FR --registration 732829320 --vat-exemption 293b",
    &DefineSeller};
const Command kInvoiceBuyer = {"invoice buyer",
                               "Say, or show, to whom an organisation's invoices go",
                               "parvis invoice buyer \"Lycée A\" --name \"Lycée A\" --address \"2 "
                               "place d'Armes\" --country FR",
                               &DefineBuyer};

}  // namespace parvis::cli
