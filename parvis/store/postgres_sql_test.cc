#include "parvis/store/postgres_sql.h"

#include "gtest/gtest.h"

namespace parvis::store {
namespace {

TEST(PostgresSqlTest, WritesParametersAsItDoes) {
  EXPECT_EQ(PostgresSql("SELECT a FROM t WHERE b = ?1 AND c = ?12"),
            "SELECT a FROM t WHERE b = $1 AND c = $12");
}

TEST(PostgresSqlTest, WritesTypesAsItDoes) {
  EXPECT_EQ(PostgresSql("CREATE TABLE t(a INTEGER NOT NULL, b BLOB, c TEXT) STRICT;"),
            "CREATE TABLE t(a BIGINT NOT NULL, b BYTEA, c TEXT) ;");
}

TEST(PostgresSqlTest, LeavesNamesTextsAndCommentsAlone) {
  const char* const sql = "INSERT INTO STRICT_BLOBS VALUES('?1 INTEGER', 'it''s ?') -- why? BLOB\n";
  EXPECT_EQ(PostgresSql(sql), sql);
  EXPECT_EQ(PostgresSql("'open ?1"), "'open ?1");
}

}  // namespace
}  // namespace parvis::store
