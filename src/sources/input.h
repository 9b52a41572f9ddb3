// SPDX-License-Identifier: Apache-2.0
//
// Where a script's text comes from: a file, standard input, the output of a program.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "base/deadline.h"
#include "base/result.h"

namespace sources {

class Input {
   public:
    Input() = default;
    Input(const Input&) = delete;
    Input& operator=(const Input&) = delete;
    virtual ~Input() = default;

    // At most `size` bytes; 0 at the end. Blocks until there is something, or `deadline`. Fails
    // deadline, also after an interrupt, denied or internal, and with what the program behind it
    // says when that failed.
    virtual base::Result<std::size_t> read(char* into, std::size_t size,
                                           base::Deadline deadline) = 0;
};

// All that is left. Fails invalid_input for more than 256 MB.
base::Result<std::string> read_all(Input& input, base::Deadline deadline);

// An Input whose beginning can be looked at before it is read.
class OpenedInput : public Input {
   public:
    base::Result<std::size_t> read(char* into, std::size_t size, base::Deadline deadline) override;
    // The first bytes, less than `size` only if there are no more; they are still to be read.
    base::Result<std::string> beginning(std::size_t size, base::Deadline deadline);
    const std::string& name() const { return name_; }  // for messages

   protected:
    explicit OpenedInput(std::string name) : name_(std::move(name)) {}
    // As read(), of what was not looked at.
    virtual base::Result<std::size_t> read_on(char* into, std::size_t size,
                                              base::Deadline deadline) = 0;

   private:
    std::string name_;
    std::string kept_;  // looked at, not yet read
};

// An open file. Owns the descriptor.
class FileInput final : public OpenedInput {
   public:
    // Fails invalid_input for what is not there or is a folder, denied.
    static base::Result<std::unique_ptr<FileInput>> open(const std::filesystem::path& path);
    // Our own standard input.
    static std::unique_ptr<FileInput> standard_input();
    ~FileInput() override;

   private:
    FileInput(int file, std::string name) : OpenedInput(std::move(name)), file_(file) {}
    base::Result<std::size_t> read_on(char* into, std::size_t size,
                                      base::Deadline deadline) override;

    int file_;
};

}  // namespace sources
