// SPDX-License-Identifier: Apache-2.0
//
// Runs a program and writes the peak of its resident memory, in KiB, as the last line of standard
// error. A program of its own, and a small one, because Linux counts what the process held before
// it became that program.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>

int main(int count, char** words) {
    if (count < 2) return 2;
    const pid_t child = fork();
    if (child == 0) {
        execvp(words[1], words + 1);
        _exit(127);
    }
    int status = 0;
    rusage usage{};
    if (child < 0 || wait4(child, &status, 0, &usage) != child) return 1;
    fprintf(stderr, "\n%ld\n", usage.ru_maxrss);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
