#ifndef PARVIS_KERNELS_TABLES_H_
#define PARVIS_KERNELS_TABLES_H_

#include "parvis/kernels/kernels.h"

// The table of each instruction set, defined by table_<target>.cc. Constant-initialised: naming
// them runs no code of theirs. Ask TableOf (kernels.h) instead, which checks the processor.
namespace parvis::kernels {

extern const Table kScalarTable;
extern const Table kAvx2Table;
extern const Table kAvx512Table;
extern const Table kAmxTable;

}  // namespace parvis::kernels

#endif  // PARVIS_KERNELS_TABLES_H_
