#ifndef PARVIS_CLI_HOST_COMMANDS_H_
#define PARVIS_CLI_HOST_COMMANDS_H_

#include "parvis/cli/command.h"

namespace parvis::cli {

// Commands of who runs a service for others.
extern const Command kBackup, kInvoiceBuyer, kInvoiceCredit, kInvoiceIssue, kInvoiceList,
    kInvoicePreview, kInvoiceSeller, kInvoiceShow, kRestore, kSecretMake, kSecretRotate,
    kSecretSeal;

}  // namespace parvis::cli

#endif  // PARVIS_CLI_HOST_COMMANDS_H_
