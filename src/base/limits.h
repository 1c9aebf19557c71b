/* SPDX-License-Identifier: MIT */
/**
 * @file  Every limit of the server, as one table: name, value, unit, reason.
 *
 * Options may change some at run time; these are what they start from. Times end in their unit, the others count
 * bytes or things as the table says. tests/limits.tsv has a row for each, and tools/limits-manual makes docs/limits.md.
 *
 * Since   0.1
 */
#ifndef PH_BASE_LIMITS_H
#define PH_BASE_LIMITS_H

#define PH_KIB 1024
#define PH_MIB (1024 * 1024)

/** X(name, value, unit, reason) */
#define PH_LIMIT_MAP(X)                                                                                         \
    /* connections */                                                                                           \
    X(SPARE_DESCRIPTORS, 256, "descriptors", "kept for files, timers and listeners: connections get the rest")  \
    X(CONNS_PER_SOURCE, 512, "connections", "one address (IPv6 /64) must not take the whole server")            \
    X(CONNS_PER_SOURCE_NEW, 32, "connections", "not yet authorised ones of one address")                        \
    X(CONNS_NEW_PERCENT, 25, "% of all", "not yet authorised ones; beyond it the oldest is closed")             \
    X(CONNS_RATE, 100, "per second", "new connections of one address")                                          \
    X(CONNS_BURST, 200, "connections", "a crowd behind one address may come at once")                           \
    X(CONNS_IDLE_SOURCES, 4096, "addresses", "remembered for their rate after their last connection")           \
    X(MEMORY_PERCENT, 75, "% of all", "of what the machine or the control group has: the rest is the kernel's") \
    X(MEMORY_FULL_PERCENT, 90, "% of that", "used: nobody is let in any more")                                  \
    X(ACCEPT_PAUSE_MS, 200, "ms", "rest after the descriptor limit was hit")                                    \
    X(FIRST_BYTE_MS, 10000, "ms", "accept to the first bytes that tell the protocol")                           \
    X(HANDSHAKE_MS, 5000, "ms", "RTMP handshake, since accept")                                                 \
    X(CONNECT_MS, 10000, "ms", "accept to the connect command; absolute, so that drips do not help")            \
    X(PING_MS, 30000, "ms", "silence before a ping")                                                            \
    X(PONG_MS, 30000, "ms", "time to answer a ping")                                                            \
    X(WRITE_STALL_MS, 10000, "ms", "a peer that accepts no byte for so long is gone")                           \
    X(LINGER_MS, 2000, "ms", "time for a peer to read the reason before its connection is reset")               \
    X(LINGER_BYTES, 1024 * PH_KIB, "bytes", "thrown away while a peer reads the reason")                        \
    X(READ_BYTES, 64 * PH_KIB, "bytes", "one read: everybody gets a turn")                                      \
    X(HOLD_BYTES, 64 * PH_KIB, "bytes", "read but not yet used, while a decision is pending")                   \
    /* relay */                                                                                                 \
    X(RELAY_RULES, 256, "rules", "pushes and pulls: each stream that comes or goes is compared with all")       \
    X(RELAY_LEGS, 1024, "legs", "streams carried by one worker to or from other servers")                       \
    X(RELAY_CALL_MS, 10000, "ms", "from dialling another server to its answer to connect")                      \
    X(RELAY_RETRY_MIN_MS, 500, "ms", "before a server that could not be reached is tried again")                \
    X(RELAY_RETRY_MAX_MS, 30000, "ms", "the same, after many failures")                                         \
    /* cluster */                                                                                               \
    X(ENGINE_RETRY_MIN_MS, 250, "ms", "before an engine that could not be reached is tried again")              \
    X(ENGINE_RETRY_MAX_MS, 5000, "ms", "the same, after many failures")                                         \
    X(ENGINE_PATIENCE_MS, 3000, "ms", "for an answer of the engine")                                            \
    X(ENGINE_QUEUE, 32 * PH_MIB, "bytes", "said to the engine and not read by it")                              \
    X(LEASE_MS, 6000, "ms", "a server that has not said for so long that it lives is dead to the others")       \
    X(BEAT_MS, 2000, "ms", "between two signs of life: two may be lost")                                        \
    X(FRESH_MS, 4000, "ms", "two beats: holders come forward before an empty engine gives claims to others")    \
    X(HOLDER_MS, 500, "ms", "for the server that has a stream to say that it will look after its publisher")    \
    X(BUNDLE_BYTES, 16 * PH_MIB, "bytes", "saved by an application for its next host on another server")        \
    X(LINK_BYTES, 4 * PH_MIB, "bytes", "said by one server to another in one turn of its loop")                 \
    X(HOLDER_PROBE_MS, 4500, "ms", "for it to say whether that publisher lives")                                \
    /* RTMP */                                                                                                  \
    X(CHUNK_MIN, 128, "bytes", "smaller inbound chunks multiply header work")                                   \
    X(CHUNK_MAX, 0xFFFFFF, "bytes", "no chunk needs more than the longest message")                             \
    X(CHUNK_OUT, 60000, "bytes", "one size for all players: messages are framed once")                          \
    X(ACK_WINDOW_MIN, 16 * PH_KIB, "bytes", "smaller windows would ask for an acknowledgement per read")        \
    X(MESSAGE_FIRST, 32 * PH_KIB, "bytes", "longest message before connect")                                    \
    X(MESSAGE_COMMAND, 512 * PH_KIB, "bytes", "longest command or data message")                                \
    X(MESSAGE_MEDIA, 8 * PH_MIB, "bytes", "longest audio or video message")                                     \
    X(PARTIAL_FIRST, 64 * PH_KIB, "bytes", "unfinished messages of a connection before connect")                \
    X(PARTIAL, 16 * PH_MIB, "bytes", "unfinished messages of a connection after connect")                       \
    X(CHUNK_STREAMS, 64, "chunk streams", "of a connection")                                                    \
    X(MESSAGE_STREAMS, 16, "message streams", "of a connection")                                                \
    X(AMF_DEPTH, 32, "levels", "nesting must not cost stack")                                                   \
    X(AMF_NODES, 10000, "values", "in one message")                                                             \
    X(AMF_STRING, 64 * PH_KIB, "bytes", "one string")                                                           \
    X(AMF_BYTES, 2 * PH_MIB, "bytes", "decoded values of one message; also at most 16 times their wire form")   \
    X(AMF_REFERENCES, 1024, "references", "in one AMF3 message")                                                \
    X(AMF_TRAITS, 256, "traits", "per AMF3 class")                                                              \
    X(CALLS_RATE, 100, "per second", "calls of one connection or member; apps may change it")                   \
    X(CALLS_BURST, 200, "calls", "of one connection at once; reading waits while the bucket is empty")          \
    X(VERBS_RATE, 5, "per second", "publish, play and the like of one connection")                              \
    X(CONTROLS_RATE, 50, "per second", "user control messages of one connection")                               \
    X(GUESSES, 10, "wrong keys", "of one address in a minute; each further one has to wait")                    \
    X(GUESS_DELAY_MS, 1000, "ms", "the answer to a wrong key beyond that")                                      \
    X(ODDITIES, 100, "oddities", "ignored ones per connection, then it is closed")                              \
    X(OPEN_CALLS, 64, "calls", "unanswered ones per session, then its socket is not read")                      \
    X(NAME_BYTES, 128, "bytes", "an application or stream name")                                                \
    X(NAME_PARTS, 8, "parts", "of a path")                                                                      \
    X(EVENT_QUEUE, 1 * PH_MIB, "bytes", "answers and events waiting for one connection, then it is closed")     \
    X(OBSERVED, 10000, "events", "of streams, on their way to one application that observes them")              \
    /* HTTP and WebSocket */                                                                                    \
    X(HTTP_HEAD, 16 * PH_KIB, "bytes", "head of a request")                                                     \
    X(HTTP_FIELDS, 64, "fields", "in the head of a request")                                                    \
    X(HTTP_HEAD_MS, 10000, "ms", "protocol recognised to the end of the head")                                  \
    X(HTTP_BODY, 40 * PH_KIB, "bytes", "body of a request")                                                     \
    X(HTTP_REQUESTS, 1000, "requests", "on one connection; it closes after the last")                           \
    X(HTTP_IDLE_MS, 20000, "ms", "between two requests, the next one whole")                                    \
    X(HLS_BYTES, 64 * PH_MIB, "bytes", "of a stream's segments")                                                \
    X(HLS_RENDITIONS, 16, "renditions", "of one stream: its tracks")                                            \
    X(HLS_MS, 60000, "ms", "of stream time, in a stream's segments")                                            \
    X(HLS_IDLE_MS, 60000, "ms", "after the last request segments are made")                                     \
    X(HLS_GUESTS, 10000, "viewers", "over HLS of streams that applications decide about, on one worker")        \
    X(HLS_GUEST_MS, 30000, "ms", "after its last request such a viewer has left")                               \
    X(HLS_WAITING, 4096, "requests", "that wait for what one stream does not have yet")                         \
    X(HTTP_SEND_MS, 10000, "ms", "an answer is not taken by a byte")                                            \
    X(WS_MESSAGE, 64 * PH_KIB, "bytes", "one text message")                                                     \
    /* applications */                                                                                          \
    X(ROOMS, 10000, "rooms", "of one application")                                                              \
    X(METHODS, 1000, "methods", "that an application declares")                                                 \
    X(APP_TIMERS, 1000, "timers", "of one application")                                                         \
    X(ROOM_TIMERS, 100, "timers", "of one room")                                                                \
    X(ATTRIBUTES, 64, "attributes", "of one member")                                                            \
    X(ATTRIBUTE_BYTES, 16 * PH_KIB, "bytes", "attributes of one member, names and values")                      \
    X(METADATA_BYTES, 2 * PH_KIB, "bytes", "of one room, for lobbies")                                          \
    X(SAVED_BYTES, 16 * PH_MIB, "bytes", "what an application saves when it is reloaded")                       \
    X(RESERVATIONS, 1000, "tickets", "of one application, not yet used")                                        \
    X(RESERVED_MS, 15000, "ms", "a seat is kept for who has a ticket")                                          \
    X(LOBBY_FILTERS, 64, "filters", "with which members of one application watch its rooms")                    \
    X(LOBBY_ROWS, 100, "rooms", "in one message to who watches them; the others follow")                        \
    X(LOBBY_MS, 250, "ms", "changes of rooms are gathered for who watches them")                                \
    X(OBJECTS, 256, "shared objects", "of one room")                                                            \
    X(OBJECT_USES, 64, "shared objects", "that one member uses")                                                \
    X(OBJECT_NAME, 255, "bytes", "name of a shared object or slot")                                             \
    X(SLOTS, 1024, "slots", "of one shared object")                                                             \
    X(CHANGES, 1024, "changes", "of a shared object in one batch")                                              \
    X(SLOT_BYTES, 128 * PH_KIB, "bytes", "value of one slot, as it lies in memory")                             \
    X(OBJECT_BYTES, 1 * PH_MIB, "bytes", "of one shared object, as it lies in memory: newcomers get it whole")  \
    X(MISSED, 256, "calls", "kept for a member whose connection is lost")                                       \
    X(APP_JOBS, 64, "jobs", "that an application has under way on other threads")                               \
    X(APP_METRICS, 64, "metrics", "counters and gauges of an application")                                      \
    X(LEDGER, 1000, "orders", "with an Idempotency-Key that an application remembers")                          \
    X(LEDGER_BYTES, 4 * PH_MIB, "bytes", "of the answers to them")                                              \
    X(REMOTING_CALLS, 32, "calls", "in one envelope of AMF over HTTP")                                          \
    X(REMOTING_HEADERS, 16, "headers", "in one envelope of AMF over HTTP")                                      \
    X(RPC_BATCH, 50, "requests", "in one batch of JSON-RPC over HTTP")                                          \
    X(APP_REQUESTS, 800, "requests", "over HTTP that an application has under way")                             \
    X(APP_REPLY, 1 * PH_MIB, "bytes", "of one reply over HTTP; an application asks for 64 KiB unless it says")  \
    X(STORE_KEY, 256, "bytes", "of one record")                                                                 \
    X(STORE_VALUE, 256 * PH_KIB, "bytes", "of one record, as it lies on disk")                                  \
    X(STORE_SPACE, 64 * PH_MIB, "bytes", "records of one application, or of one shared object")                 \
    X(STORE_MS, 500, "ms", "until what was written is safe from a crash")                                       \
    X(LISTED, 1000, "rows", "of rooms or members in one answer")                                                \
    /* media */                                                                                                 \
    X(FIRST_MEDIA_MS, 20000, "ms", "publish to its first media")                                                \
    X(PUBLISHER_IDLE_MS, 15000, "ms", "a publisher that sends nothing")                                         \
    X(LINGER_STREAM_MS, 15000, "ms", "a lost publisher may return unnoticed")                                   \
    X(CACHE_BYTES, 16 * PH_MIB, "bytes", "kept of one stream")                                                  \
    X(CACHE_MS, 10000, "ms", "kept of one stream")                                                              \
    X(CACHE_FRAMES, 2500, "frames", "kept of one group of pictures")                                            \
    /* log and life */                                                                                          \
    X(LOG_LINE, 2 * PH_KIB, "bytes", "one line, with its line feed")                                            \
    X(LOG_TAIL, 500, "lines", "that the API still tells")                                                       \
    X(LOG_PER_SECOND, 100, "lines", "of one class; the rest is counted")                                        \
    X(DRAIN_MS, 5000, "ms", "SIGTERM to the end")

enum ph_limit {
#define PH_LIMIT_ROW(name, value, unit, reason) PH_LIMIT_##name = (value),
    PH_LIMIT_MAP(PH_LIMIT_ROW)
#undef PH_LIMIT_ROW
};

#endif
