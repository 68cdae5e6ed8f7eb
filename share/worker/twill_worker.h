/* A worker for `twill map --worker`, with or without --lengths: a program that is started once and
 * then gets one input after the other.
 *
 *     #include "twill_worker.h"
 *
 *     int main(void) {
 *         size_t length;
 *         for (const char *input; (input = twill_worker_next(&length)) != NULL;) {
 *             char text[32];
 *             int size = snprintf(text, sizeof text, "%zu\n", length);
 *             twill_worker_answer(0, text, (size_t)size, NULL, 0);
 *         }
 *         return 0;
 *     }
 *
 * Answers are written when there is nothing more to read, so a worker never keeps twill waiting and
 * makes few system calls. Standard input and output belong to these functions. C99 and C++; one
 * thread. */
#ifndef TWILL_WORKER_H
#define TWILL_WORKER_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct twill_worker_state {
    char *bytes; /* [begin, end) was read and not given out; there is always a byte before it */
    size_t begin, end, capacity;
    int has_lengths; /* the protocol; -1: not looked up yet */
    const char *mark;
};
static struct twill_worker_state twill_worker_now = {NULL, 1, 1, 0, -1, NULL};

/* Reads more; 0 at the end of the inputs. What lies in the buffer may move. */
static inline int twill_worker_read(void) {
    struct twill_worker_state *now = &twill_worker_now;
    ssize_t got;
    fflush(stdout);
    if (now->begin > 1) memmove(now->bytes + 1, now->bytes + now->begin, now->end - now->begin);
    now->end -= now->begin - 1;
    now->begin = 1;
    if (now->capacity < now->end + 65536) {
        now->capacity = 2 * now->capacity + 65537;
        now->bytes = (char *)realloc(now->bytes, now->capacity);
        if (now->bytes == NULL) abort();
    }
    got = read(0, now->bytes + now->end, now->capacity - now->end);
    if (got > 0) now->end += (size_t)got;
    return got > 0;
}

/* The next line, without its end, which becomes a zero; NULL when there is none. */
static inline char *twill_worker_line(size_t *length) {
    struct twill_worker_state *now = &twill_worker_now;
    for (;;) {
        char *line = now->bytes + now->begin;
        char *end = now->end > now->begin ? (char *)memchr(line, '\n', now->end - now->begin) : NULL;
        if (end != NULL) {
            *length = (size_t)(end - line);
            *end = 0;
            now->begin += *length + 1;
            return line;
        }
        if (!twill_worker_read()) return NULL;
    }
}

/* The next input, `*length` bytes and a zero behind them, until the next call. NULL: there are no
 * more, and the worker is to end. */
static inline const char *twill_worker_next(size_t *length) {
    struct twill_worker_state *now = &twill_worker_now;
    char *line;
    if (now->has_lengths < 0) {
        const char *protocol = getenv("TWILL_MAP_PROTOCOL");
        now->has_lengths = protocol != NULL && strcmp(protocol, "lengths") == 0;
        now->mark = getenv("TWILL_MAP_END");
        if (now->mark == NULL) now->mark = "TWILL_MAP_END"; /* run by hand */
    }
    if (now->capacity == 0 && !twill_worker_read()) return NULL;
    line = twill_worker_line(length);
    if (line == NULL || !now->has_lengths) return line;
    *length = (size_t)strtoull(line, NULL, 10);
    while (now->end - now->begin < *length)
        if (!twill_worker_read()) return NULL;
    /* Over the end of its length, so that there is room for the zero. */
    line = now->bytes + now->begin - 1;
    memmove(line, line + 1, *length);
    now->begin += *length;
    line[*length] = 0;
    return line;
}

/* Answers the input: a status (0: success; at most 255), and what it printed, if anything. */
static inline void twill_worker_answer(int status, const void *out, size_t out_length, const void *err,
                                size_t err_length) {
    if (twill_worker_now.has_lengths > 0)
        printf("%d %zu %zu\n", status, out_length, err_length);
    if (out_length > 0) fwrite(out, 1, out_length, stdout);
    if (twill_worker_now.has_lengths > 0) {
        if (err_length > 0) fwrite(err, 1, err_length, stdout);
        return;
    }
    if (err_length > 0) fwrite(err, 1, err_length, stderr);
    printf("%s %d\n", twill_worker_now.mark, status);
}

#endif
