// SPDX-License-Identifier: Apache-2.0
#include "pg/rows.h"

#include <libpq-fe.h>

#include <charconv>
#include <cstring>
#include <stdexcept>

namespace pg {

namespace {
std::int64_t to_integer(std::string_view text) {
    std::int64_t number = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (problem != std::errc() || end != text.data() + text.size()) {
        throw std::logic_error("a column read as an integer is none");
    }
    return number;
}
}  // namespace

int Row::number_of(const char* column) const {
    // Not PQfnumber, which copies the name each time to fold its case. What is read is mostly the
    // column that was read last or the one behind it.
    const int count = PQnfields(result_);
    for (int looked_at = 0; looked_at < count; ++looked_at) {
        if (std::strcmp(PQfname(result_, last_), column) == 0) return last_;
        last_ = last_ + 1 < count ? last_ + 1 : 0;
    }
    throw std::logic_error(std::string("the statement has no column ") + column);
}

bool Row::is_null(const char* column) const {
    return PQgetisnull(result_, index_, number_of(column)) != 0;
}

std::string_view Row::value(const char* column) const {
    const int number = number_of(column);
    if (PQgetisnull(result_, index_, number) != 0) {
        throw std::logic_error(std::string("null in column ") + column);
    }
    return {PQgetvalue(result_, index_, number),
            static_cast<std::size_t>(PQgetlength(result_, index_, number))};
}

std::string Row::text(const char* column) const { return std::string(value(column)); }

std::optional<std::string> Row::optional_text(const char* column) const {
    if (is_null(column)) return std::nullopt;
    return text(column);
}

std::int64_t Row::integer(const char* column) const { return to_integer(value(column)); }

bool Row::boolean(const char* column) const { return value(column) == "t"; }

void Rows::Deleter::operator()(pg_result* result) const { PQclear(result); }

int Rows::size() const { return PQntuples(result_.get()); }

std::int64_t Rows::affected() const {
    const std::string_view count = PQcmdTuples(result_.get());
    return count.empty() ? 0 : to_integer(count);
}

}  // namespace pg
