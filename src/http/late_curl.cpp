// SPDX-License-Identifier: Apache-2.0
//
// Stands in the place of libcurl for the linker, and loads the real one at the first call: with the
// libraries that it needs itself it would be a good part of every start of a program that seldom
// speaks to AWS. The packaged programs have libcurl in them, and not this (cmake/Packaged.cmake).
//
// Without libcurl's headers, in which some of these have another const from one version to the
// next: enumerations are ints here, and handles pointers to anything.
#include <dlfcn.h>

#include <cstdarg>
#include <stdexcept>
#include <string>

namespace {

void* load() {
    void* loaded = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
    if (loaded == nullptr) throw std::runtime_error(dlerror());
    return loaded;
}

void* library() {
    static void* loaded = load();
    return loaded;
}

template <typename Function>
Function* find(const char* name) {
    void* found = dlsym(library(), name);
    if (found == nullptr) throw std::runtime_error(std::string("libcurl lacks ") + name);
    return reinterpret_cast<Function*>(found);
}

}  // namespace

// Found once each.
#define REAL(name) static auto* const real = find<decltype(name)>(#name)

extern "C" {

int curl_global_init(long flags) {
    REAL(curl_global_init);
    return real(flags);
}

void* curl_easy_init() {
    REAL(curl_easy_init);
    return real();
}

void curl_easy_cleanup(void* handle) {
    REAL(curl_easy_cleanup);
    real(handle);
}

void curl_easy_reset(void* handle) {
    REAL(curl_easy_reset);
    real(handle);
}

int curl_easy_perform(void* handle) {
    REAL(curl_easy_perform);
    return real(handle);
}

// What follows the option is a pointer or an integer of its size, which every ABI that we build for
// passes alike.
static_assert(sizeof(long) == sizeof(void*));

// NOLINTNEXTLINE(cert-dcl50-cpp): libcurl's own signature
int curl_easy_setopt(void* handle, int option, ...) {
    REAL(curl_easy_setopt);
    va_list rest;
    va_start(rest, option);
    void* value = va_arg(rest, void*);
    va_end(rest);
    return real(handle, option, value);
}

// NOLINTNEXTLINE(cert-dcl50-cpp): libcurl's own signature
int curl_easy_getinfo(void* handle, int info, ...) {
    REAL(curl_easy_getinfo);
    va_list rest;
    va_start(rest, info);
    void* place = va_arg(rest, void*);
    va_end(rest);
    return real(handle, info, place);
}

const char* curl_easy_strerror(int code) {
    REAL(curl_easy_strerror);
    return real(code);
}

void* curl_slist_append(void* list, const char* text) {
    REAL(curl_slist_append);
    return real(list, text);
}

void curl_slist_free_all(void* list) {
    REAL(curl_slist_free_all);
    real(list);
}

void* curl_url() {
    REAL(curl_url);
    return real();
}

void curl_url_cleanup(void* handle) {
    REAL(curl_url_cleanup);
    real(handle);
}

int curl_url_get(const void* handle, int what, char** part, unsigned int flags) {
    REAL(curl_url_get);
    return real(handle, what, part, flags);
}

int curl_url_set(void* handle, int what, const char* part, unsigned int flags) {
    REAL(curl_url_set);
    return real(handle, what, part, flags);
}

void curl_free(void* memory) {
    REAL(curl_free);
    real(memory);
}

}  // extern "C"
