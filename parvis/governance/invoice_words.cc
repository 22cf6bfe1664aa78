#include "parvis/governance/invoice_words.h"

#include <algorithm>

#include "fmt/format.h"
#include "parvis/governance/invoice.h"
#include "parvis/governance/money.h"

namespace parvis::governance {
namespace {

constexpr InvoiceWords kEnglish = {
    .code = "en",
    .invoice = "Invoice",
    .credit_note = "Credit note",
    .preview = "Preview",
    .not_over = "The month is not over: amounts will change.",
    .not_yet = "This is not an invoice.",
    .number = "Number",
    .issued = "Date of issue",
    .due = "Due",
    .period = "Period",
    .to = "to",
    .seller = "Seller",
    .buyer = "Buyer",
    .vat_id = "VAT number",
    .registration = "Registration",
    .model = "Model",
    .price = "Price of a million: in, cached, out",
    .requests = "Requests",
    .input = "Tokens in",
    .cached = "of them cached",
    .output = "Tokens out",
    .amount = "Amount without VAT",
    .annex = "Annex: the same by group and user",
    .group = "Group",
    .user = "User",
    .sum = "Sum of the lines",
    .net = "Total without VAT",
    .vat = "VAT",
    .gross = "Total to pay",
    .credited = "Total credited",
    .corrects = "Corrects invoice",
    .reason = "Reason",
    .no_lines = "Nothing was charged.",
    .rounding = "Lines are exact; their sum is rounded once, half up, and so is the VAT on it.",
};

constexpr InvoiceWords kFrench = {
    .code = "fr",
    .invoice = "Facture",
    .credit_note = "Avoir",
    .preview = "Aperçu",
    .not_over = "Le mois n’est pas terminé : les montants changeront.",
    .not_yet = "Ceci n’est pas une facture.",
    .number = "Numéro",
    .issued = "Date d’émission",
    .due = "Échéance",
    .period = "Période",
    .to = "au",
    .seller = "Vendeur",
    .buyer = "Client",
    .vat_id = "N° de TVA",
    .registration = "Immatriculation",
    .model = "Modèle",
    .price = "Prix du million : entrée, en cache, sortie",
    .requests = "Requêtes",
    .input = "Jetons en entrée",
    .cached = "dont en cache",
    .output = "Jetons en sortie",
    .amount = "Montant HT",
    .annex = "Annexe : le même détail par groupe et utilisateur",
    .group = "Groupe",
    .user = "Utilisateur",
    .sum = "Somme des lignes",
    .net = "Total HT",
    .vat = "TVA",
    .gross = "Total TTC à payer",
    .credited = "Total TTC de l’avoir",
    .corrects = "Corrige la facture",
    .reason = "Motif",
    .no_lines = "Rien n’a été facturé.",
    .rounding =
        "Les lignes sont exactes ; leur somme est arrondie une fois, au plus proche, de même "
        "que la TVA.",
};

constexpr const char* kMonths[2][12] = {
    {"January", "February", "March", "April", "May", "June", "July", "August", "September",
     "October", "November", "December"},
    {"janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre",
     "octobre", "novembre", "décembre"}};

constexpr const char kNoBreak[] = "\u00a0", kNarrow[] = "\u202f";

}  // namespace

Result<Language> LanguageNamed(std::string_view name) {
  if (name == "en") return Language::kEnglish;
  if (name == "fr") return Language::kFrench;
  return InvalidArgument("language: en or fr");
}

const InvoiceWords& WordsOf(Language language) {
  return language == Language::kFrench ? kFrench : kEnglish;
}

std::string ExemptionText(Language language, const Vat& vat) {
  const bool french = language == Language::kFrench;
  if (vat.exemption == kSmallSeller) {
    return french ? "TVA non applicable, art. 293 B du CGI"
                  : "VAT not applicable, art. 293 B of the French tax code (CGI)";
  }
  if (vat.exemption == kReverseCharge) {
    return french ? "Autoliquidation (art. 196 de la directive 2006/112/CE)"
                  : "Reverse charge (Article 196 of Directive 2006/112/EC)";
  }
  return vat.exemption;
}

std::string CountText(Language language, int64_t count) {
  std::string text = std::to_string(count);
  const char* const space = language == Language::kFrench ? kNarrow : ",";
  for (size_t i = text.size(); i > 3; i -= 3) text.insert(i - 3, space);
  return text;
}

std::string AmountText(Language language, int64_t micros, const std::string& currency) {
  std::string text = MoneyText(micros);
  const size_t point = text.find('.');
  std::string part = text.substr(point + 1);
  if (SmallestUnit(currency) == 1'000'000 && part == "00") part.clear();
  if (!part.empty()) part.insert(0, language == Language::kFrench ? "," : ".");
  return CountText(language, micros / 1'000'000) + part + kNoBreak + currency;
}

std::string PercentText(Language language, int64_t rate) {
  std::string text = RateText(rate);
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  if (language == Language::kFrench) std::replace(text.begin(), text.end(), '.', ',');
  return text + kNoBreak + "%";
}

std::string LongDate(Language language, const std::string& date) {
  if (date.size() != 10) return date;
  const int month = (date[5] - '0') * 10 + (date[6] - '0');
  if (month < 1 || month > 12) return date;
  std::string day = date[8] == '0' ? date.substr(9) : date.substr(8);
  if (language == Language::kFrench && day == "1") day = "1er";
  return fmt::format("{}{}{}{}{}", day, kNoBreak, kMonths[static_cast<int>(language)][month - 1],
                     kNoBreak, date.substr(0, 4));
}

}  // namespace parvis::governance
