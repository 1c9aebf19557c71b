/* SPDX-License-Identifier: MIT */
/**
 * @file  Every result other than success, as one table.
 *
 * Functions return 0 or one of these negative codes; on failure no out-parameter is touched. The class says what
 * a caller should do: feed more bytes, blame the peer, raise a limit, mend its own call, or give up.
 *
 * Thread  Stateless: any thread.
 * Since   0.1
 */
#ifndef RTMPWIRE_ERROR_H
#define RTMPWIRE_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define RTMP_MUST_USE __attribute__((warn_unused_result))
#define RTMP_API      __attribute__((visibility("default")))
#else
#define RTMP_MUST_USE
#define RTMP_API
#endif

enum rtmp_error_class {
    RTMP_CLASS_NONE,   /**< not an error */
    RTMP_CLASS_MORE,   /**< not an error: the input ends here, feed more */
    RTMP_CLASS_PEER,   /**< the peer broke the protocol: answer if possible, then close */
    RTMP_CLASS_LIMIT,  /**< the peer asked for more than the caller's limits allow */
    RTMP_CLASS_CALLER, /**< this program called a function wrongly; nothing was changed */
    RTMP_CLASS_FATAL,  /**< no memory: close this connection, others are unharmed */
};

/** X(name, value, class, text): the one table from which codes, names and texts are made. */
#define RTMP_ERROR_MAP(X)                                                                  \
    X(MORE, -1, MORE, "more bytes are needed")                                             \
    X(RANGE, -2, CALLER, "an argument is out of its range")                                \
    X(SPACE, -3, CALLER, "the output does not fit the space given")                        \
    X(STATE, -4, CALLER, "the call does not fit the state of the object")                  \
    X(MEMORY, -5, FATAL, "out of memory")                                                  \
    X(VERSION, -10, PEER, "the first byte is not RTMP version 3 or 6")                     \
    X(CHUNK_HEADER, -11, PEER, "a chunk header continues nothing or interrupts a message") \
    X(CHUNK_SIZE, -12, PEER, "the peer set a chunk size of zero or above 31 bits")         \
    X(CHUNK_STREAMS, -13, LIMIT, "too many chunk streams")                                 \
    X(MESSAGE_SIZE, -14, LIMIT, "a message is longer than allowed")                        \
    X(PARTIAL_BYTES, -15, LIMIT, "too many bytes in unfinished messages")                  \
    X(MALFORMED, -16, PEER, "a message body does not follow its format")                   \
    X(TRUNCATED, -17, PEER, "a message body ends too early")                               \
    X(REFERENCE, -18, PEER, "a reference points at nothing")                               \
    X(UNSUPPORTED, -19, PEER, "a form that cannot be read or skipped")                     \
    X(DEPTH, -20, LIMIT, "values are nested too deeply")                                   \
    X(NODES, -21, LIMIT, "a message holds too many values")                                \
    X(BYTES, -22, LIMIT, "decoded values take too many bytes")                             \
    X(OUTPUT, -23, LIMIT, "the peer does not read: too much output is waiting")            \
    X(ODDITIES, -24, LIMIT, "too many ignored oddities on one connection")                 \
    X(STREAMS, -25, LIMIT, "too many message streams")                                     \
    X(ORDER, -26, PEER, "a command came before its time")

enum rtmp_error {
#define RTMP_ERROR_ROW(name, value, class, text) RTMP_E_##name = value,
    RTMP_ERROR_MAP(RTMP_ERROR_ROW)
#undef RTMP_ERROR_ROW
};

/** "RTMP_E_MORE" for RTMP_E_MORE, "0" for 0, "unknown" for a code that is not in the table. Static storage. */
RTMP_API const char *rtmp_error_name(int code);

/** One sentence without a full stop; static storage. */
RTMP_API const char *rtmp_error_text(int code);

/** What to do about it. */
RTMP_API enum rtmp_error_class rtmp_error_class(int code);

#ifdef __cplusplus
}
#endif
#endif
