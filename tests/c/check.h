/* What the programs of this folder have in common. */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <stdlib.h>

/* Ends the program, telling where, unless the condition holds. */
#define CHECK(condition)                                                       \
    do {                                                                       \
        if (!(condition)) {                                                    \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);    \
            exit(1);                                                           \
        }                                                                      \
    } while (0)

/* Ends the program, telling the status, unless a call succeeds. */
#define TRY(call)                                                              \
    do {                                                                       \
        refrain_status status_of_call = (call);                                \
        if (status_of_call != REFRAIN_OK) {                                    \
            fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #call,      \
                    refrain_status_name(status_of_call));                      \
            exit(1);                                                           \
        }                                                                      \
    } while (0)

#endif
