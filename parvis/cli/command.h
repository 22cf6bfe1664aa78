#ifndef PARVIS_CLI_COMMAND_H_
#define PARVIS_CLI_COMMAND_H_

#include <functional>

#include "parvis/cli/console.h"
#include "parvis/cli/flag_set.h"
#include "parvis/core/status.h"

namespace parvis::cli {

// One verb of the command line. main.cc has the table; each command stands in a file of its name.
struct Command {
  const char* name;     // one word, or two: "data build"
  const char* help;     // one line
  const char* example;  // shown first by --help
  // Declares the command's flags and returns what to run once they are parsed.
  std::function<Status()> (*define)(FlagSet& flags, Console& console);
};

extern const Command kAnswer, kBackup, kBench, kClassify, kComplete, kCompletion, kConvert, kCopy,
    kDataBuild, kDataInspect, kDescribe, kDoctor, kEmbed, kEval, kFill, kGenerate, kGroupCreate,
    kGroupList, kGroupRemove, kInspect, kInvoiceBuyer, kInvoiceCredit, kInvoiceIssue, kInvoiceList,
    kInvoicePreview, kInvoiceSeller, kInvoiceShow, kKeyCreate, kKeyList, kKeyRevoke, kKeyRotate,
    kLimitList, kLimitSet, kList, kOrgCreate, kOrgList, kOrgSet, kPlanList, kPlanSet, kPs, kPull,
    kQuantize, kRemove, kRestore, kRun, kSecretMake, kSecretRotate, kSecretSeal, kServe,
    kSessionEnd, kSessionList, kShow, kStop, kSummarize, kTokenize, kTokenizerTrain, kTrain,
    kTranslate, kUsage, kUserCreate, kUserLink, kUserList, kUserPassword, kUserSet;

}  // namespace parvis::cli

#endif  // PARVIS_CLI_COMMAND_H_
