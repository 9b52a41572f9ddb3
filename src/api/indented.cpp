// SPDX-License-Identifier: Apache-2.0
#include "api/indented.h"

#include <boost/json/serialize.hpp>
#include <string_view>

namespace api {

namespace {

void write(const boost::json::value& value, const std::string& indent, std::string& out) {
    const auto deeper = indent + "  ";
    std::string_view separator = "\n";
    if (const auto* object = value.if_object(); object != nullptr && !object->empty()) {
        out += '{';
        for (const auto& [key, member] : *object) {
            out.append(separator).append(deeper).append(boost::json::serialize(key)).append(": ");
            write(member, deeper, out);
            separator = ",\n";
        }
        out.append("\n").append(indent).append("}");
    } else if (const auto* array = value.if_array(); array != nullptr && !array->empty()) {
        out += '[';
        for (const auto& element : *array) {
            out.append(separator).append(deeper);
            write(element, deeper, out);
            separator = ",\n";
        }
        out.append("\n").append(indent).append("]");
    } else {
        out += boost::json::serialize(value);
    }
}

}  // namespace

std::string indented(const boost::json::value& value) {
    std::string out;
    write(value, "", out);
    out += '\n';
    return out;
}

}  // namespace api
