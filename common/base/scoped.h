#ifndef COMMON_BASE_SCOPED_H
#define COMMON_BASE_SCOPED_H
/*
 * scoped - foreign handles that release themselves at the end of their scope.
 *
 *     SCOPED(json_t) doc = json_loadb(...);
 *
 * declares `json_t *doc`.  The file that owns the door to a library says once how its handle goes:
 * SCOPED_RELEASE(json_t, json_decref).
 */
#define SCOPED(type) __attribute__((cleanup(scoped_release_##type))) type *

#define SCOPED_RELEASE(type, release)                          \
    static inline void scoped_release_##type(type **handle)    \
    {                                                          \
        if (*handle != 0)                                      \
            release(*handle);                                  \
    }
#endif
