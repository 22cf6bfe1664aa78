#include "parvis/data/corpus_report.h"

#include <bit>

namespace parvis::data {
namespace {

constexpr std::string_view kActionNames[] = {"ignore", "report", "mask", "drop"};

OrderedJson Shares(const std::map<std::string, Amount>& amounts, int64_t bytes) {
  OrderedJson shares = OrderedJson::object();
  for (const auto& [name, amount] : amounts) {
    OrderedJson entry = amount.ToJson();
    entry["share"] =
        bytes == 0 ? 0.0 : static_cast<double>(amount.bytes) / static_cast<double>(bytes);
    shares[name] = std::move(entry);
  }
  return shares;
}

OrderedJson Counts(const std::map<std::string, int64_t>& counts) {
  OrderedJson json = OrderedJson::object();
  for (const auto& [name, count] : counts) json[name] = count;
  return json;
}

const char* EncodingOf(std::string_view file) {
  return file.ends_with(".jsonl")  ? "application/jsonlines"
         : file.ends_with(".json") ? "application/json"
                                   : "application/octet-stream";
}

}  // namespace

void Amount::Add(const CleanDocument& document) {
  ++documents;
  words += document.measures.words;
  bytes += static_cast<int64_t>(document.text.size() + document.target.size());
}

OrderedJson Amount::ToJson() const {
  return {{"documents", documents}, {"words", words}, {"bytes", bytes}};
}

void CorpusReport::AddKept(const CorpusRecipe& recipe, const CleanDocument& document,
                           const std::string& licence, const std::string& split) {
  kept.Add(document);
  splits[split].Add(document);
  sources[recipe.sources[document.source].name].Add(document);
  languages[document.language.code].Add(document);
  licences[licence.empty() ? "not told" : licence].Add(document);
  for (const std::string& change : document.changes) ++changes[change];
  const auto words = static_cast<uint64_t>(document.measures.words);
  ++word_histogram[words == 0 ? -1 : static_cast<int>(std::bit_width(words)) - 1];
}

OrderedJson CorpusReport::ToJson(const CorpusRecipe& recipe) const {
  OrderedJson json = {{"name", recipe.name},
                      {"read", {{"documents", read}, {"bytes", bytes_read}}}};
  json["kept"] = kept.ToJson();
  json["splits"] = Shares(splits, kept.bytes);
  json["sources"] = Shares(sources, kept.bytes);
  json["languages"] = Shares(languages, kept.bytes);
  json["licences"] = Shares(licences, kept.bytes);
  json["dropped"] = Counts(dropped);
  json["broken_rules"] = Counts(rules);
  json["changes"] = Counts(changes);
  OrderedJson& people = json["personal"] = OrderedJson::object();
  for (size_t kind = 0; kind < kPersonalKinds; ++kind) {
    people[std::string(kPersonalNames[kind])] = {
        {"found", personal[kind]},
        {"action", kActionNames[static_cast<size_t>(recipe.personal[kind])]}};
  }
  OrderedJson& histogram = json["words_of_documents"] = OrderedJson::array();
  for (const auto& [power, count] : word_histogram) {
    histogram.push_back({{"from", power < 0 ? 0 : int64_t{1} << power},
                         {"below", power < 0 ? 1 : int64_t{2} << power},
                         {"documents", count}});
  }
  json["duplicates"] = {{"exact", recipe.drop_exact},
                        {"near", recipe.drop_near},
                        {"threshold", recipe.near_threshold},
                        {"shingle_words", kShingleWords},
                        {"bands", kBands},
                        {"rows", kRows}};
  json["struck"] = struck;
  json["unknown_strikes"] = unknown_strikes;
  return json;
}

OrderedJson CroissantOf(const CorpusRecipe& recipe, const CorpusReport& report,
                        const std::vector<CorpusFile>& files, const std::string& date) {
  OrderedJson context = {{"@language", "en"},
                         {"@vocab", "https://schema.org/"},
                         {"citeAs", "cr:citeAs"},
                         {"column", "cr:column"},
                         {"conformsTo", "dct:conformsTo"},
                         {"containedIn", "cr:containedIn"},
                         {"cr", "http://mlcommons.org/croissant/"},
                         {"data", {{"@id", "cr:data"}, {"@type", "@json"}}},
                         {"dataType", {{"@id", "cr:dataType"}, {"@type", "@vocab"}}},
                         {"dct", "http://purl.org/dc/terms/"},
                         {"examples", {{"@id", "cr:examples"}, {"@type", "@json"}}},
                         {"extract", "cr:extract"},
                         {"field", "cr:field"},
                         {"fileProperty", "cr:fileProperty"},
                         {"fileObject", "cr:fileObject"},
                         {"fileSet", "cr:fileSet"},
                         {"format", "cr:format"},
                         {"includes", "cr:includes"},
                         {"isLiveDataset", "cr:isLiveDataset"},
                         {"jsonPath", "cr:jsonPath"},
                         {"key", "cr:key"},
                         {"md5", "cr:md5"},
                         {"parentField", "cr:parentField"},
                         {"path", "cr:path"},
                         {"rai", "http://mlcommons.org/croissant/RAI/"},
                         {"recordSet", "cr:recordSet"},
                         {"references", "cr:references"},
                         {"regex", "cr:regex"},
                         {"repeated", "cr:repeated"},
                         {"replace", "cr:replace"},
                         {"sc", "https://schema.org/"},
                         {"separator", "cr:separator"},
                         {"source", "cr:source"},
                         {"subField", "cr:subField"},
                         {"transform", "cr:transform"}};
  OrderedJson json = {
      {"@context", std::move(context)},
      {"@type", "sc:Dataset"},
      {"conformsTo", OrderedJson::array({"http://mlcommons.org/croissant/1.1",
                                         "http://mlcommons.org/croissant/RAI/1.0"})},
      {"name", recipe.name}};
  json["description"] = recipe.description.empty()
                            ? "Text documents built by 'parvis data build' from " +
                                  std::to_string(recipe.sources.size()) + " sources."
                            : recipe.description;
  OrderedJson licences = OrderedJson::array();
  for (const auto& [licence, amount] : report.licences) licences.push_back(licence);
  json["license"] = recipe.licence.empty() ? licences : OrderedJson(recipe.licence);
  json["url"] = recipe.url.empty() ? "urn:parvis:corpus:" + recipe.name : recipe.url;
  json["version"] = recipe.version;
  json["datePublished"] = recipe.date.empty() ? date : recipe.date;
  json["creator"] = {{"@type", "sc:Organization"},
                     {"name", recipe.creator.empty() ? "not told" : recipe.creator}};
  OrderedJson languages = OrderedJson::array();
  for (const auto& [language, amount] : report.languages) languages.push_back(language);
  json["inLanguage"] = std::move(languages);
  std::string protocol = "Control characters and spaces at ends of lines removed";
  if (recipe.form != "none") protocol += "; Unicode in the form " + recipe.form;
  if (recipe.drop_exact) protocol += "; exact duplicates removed";
  if (recipe.drop_near) {
    protocol += "; near duplicates removed (MinHash, threshold " +
                OrderedJson(recipe.near_threshold).dump() + ")";
  }
  json["rai:dataPreprocessingProtocol"] = protocol + "; quality rules as report.json lists them.";
  std::string people;
  for (size_t kind = 0; kind < kPersonalKinds; ++kind) {
    people += std::string(kPersonalNames[kind]) + " found " +
              std::to_string(report.personal[kind]) + " (" +
              std::string(kActionNames[static_cast<size_t>(recipe.personal[kind])]) + "); ";
  }
  json["rai:personalSensitiveInformation"] = people + "names and addresses are not looked for.";
  OrderedJson& distribution = json["distribution"] = OrderedJson::array();
  OrderedJson& records = json["recordSet"] = OrderedJson::array();
  for (const CorpusFile& file : files) {
    distribution.push_back({{"@type", "cr:FileObject"},
                            {"@id", file.name},
                            {"name", file.name},
                            {"contentUrl", file.name},
                            {"contentSize", std::to_string(file.bytes) + " B"},
                            {"encodingFormat", EncodingOf(file.name)},
                            {"sha256", file.sha256}});
    if (file.name == "documents.jsonl" || file.bytes == 0 || !file.name.ends_with(".jsonl")) {
      continue;
    }
    const size_t slash = file.name.find('/');
    const std::string set = file.name.substr(slash + 1, file.name.find('.') - slash - 1);
    OrderedJson fields = OrderedJson::array();
    bool pairs = false;
    for (const CorpusRecipe::Source& source : recipe.sources)
      pairs |= source.read.format == "pairs";
    for (const char* field : {"id", "source", "language", "license", "text", "target"}) {
      if (!pairs && std::string_view(field) == "target") continue;
      fields.push_back(
          {{"@type", "cr:Field"},
           {"@id", set + "/" + field},
           {"name", set + "/" + field},
           {"dataType", "sc:Text"},
           {"source", {{"fileObject", {{"@id", file.name}}}, {"extract", {{"column", field}}}}}});
    }
    records.push_back({{"@type", "cr:RecordSet"},
                       {"@id", set},
                       {"name", set},
                       {"key", {{"@id", set + "/id"}}},
                       {"field", std::move(fields)}});
  }
  return json;
}

}  // namespace parvis::data
