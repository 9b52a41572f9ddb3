// SPDX-License-Identifier: Apache-2.0
//
// What a statement answered. Owns the PGresult; a Row borrows from its Rows.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct pg_result;

namespace pg {

// One row, columns by name. Asking for a column that the statement does not return is a bug and
// throws std::logic_error; a null read as a value is one too. Not for two threads at once.
class Row {
   public:
    Row(const pg_result* result, int index) : result_(result), index_(index) {}

    bool is_null(const char* column) const;
    // Its text, as long as the rows live.
    std::string_view value(const char* column) const;
    std::string text(const char* column) const;
    std::optional<std::string> optional_text(const char* column) const;
    std::int64_t integer(const char* column) const;
    bool boolean(const char* column) const;

   private:
    int number_of(const char* column) const;

    const pg_result* result_;
    int index_;
    mutable int last_ = 0;  // the column that was read last
};

class Rows {
   public:
    explicit Rows(pg_result* result) : result_(result) {}

    int size() const;
    bool empty() const { return size() == 0; }
    Row operator[](int index) const { return {result_.get(), index}; }
    // Rows that an INSERT, UPDATE or DELETE touched.
    std::int64_t affected() const;

   private:
    struct Deleter {
        void operator()(pg_result* result) const;
    };
    std::unique_ptr<pg_result, Deleter> result_;
};

}  // namespace pg
