/* SPDX-License-Identifier: MIT */
#include "harness.h"

#include <rtmpwire/auth.h>

static struct rtmp_auth_text text(const char *string) { return (struct rtmp_auth_text){string, strlen(string)}; }

static void assert_text(struct rtmp_auth_text got, const char *expected)
{
    if (!expected) {
        assert_null(got.text);
        return;
    }
    assert_int_equal(got.length, strlen(expected));
    assert_memory_equal(got.text, expected, got.length);
}

static struct rtmp_auth issued_to_alice(void)
{
    return (struct rtmp_auth){
        .user = text("alice"), .salt = text("SALT01"), .challenge = text("CHAL03"), .opaque = text("OPAQ02")};
}

static void response_of_the_vector(void **state)
{
    (void)state;
    struct rtmp_auth server = issued_to_alice();
    char out[RTMP_AUTH_RESPONSE_SIZE];
    rtmp_auth_response(&server, text("0000abcd"), text("s3cret"), out);
    assert_memory_equal(out, "7tGAwBKFVKlQPJklqG6JrQ==", sizeof out);
}

static void without_opaque_the_challenge_counts(void **state)
{
    (void)state;
    struct rtmp_auth server = issued_to_alice();
    char with[RTMP_AUTH_RESPONSE_SIZE], without[RTMP_AUTH_RESPONSE_SIZE];
    server.challenge = text("OPAQ02");
    server.opaque = (struct rtmp_auth_text){0};
    rtmp_auth_response(&server, text("0000abcd"), text("s3cret"), without);
    assert_memory_equal(without, "7tGAwBKFVKlQPJklqG6JrQ==", sizeof without);
    server = issued_to_alice();
    server.opaque = server.challenge;
    rtmp_auth_response(&server, text("0000abcd"), text("s3cret"), with);
    assert_memory_not_equal(with, without, sizeof with);
}

static void only_the_right_answer_is_accepted(void **state)
{
    (void)state;
    static const struct {
        const char *query, *password;
        bool accepted;
    } rows[] = {
        {"live?authmod=adobe&user=alice&challenge=0000abcd&response=7tGAwBKFVKlQPJklqG6JrQ==&opaque=OPAQ02", "s3cret",
         true},
        {"live?authmod=adobe&user=alice&challenge=0000abcd&response=7tGAwBKFVKlQPJklqG6JrQ==", "s3cret", true},
        {"live?authmod=adobe&user=alice&challenge=0000abcd&response=7tGAwBKFVKlQPJklqG6JrQ==", "other", false},
        {"live?authmod=adobe&user=alice&challenge=0000abce&response=7tGAwBKFVKlQPJklqG6JrQ==", "s3cret", false},
        {"live?authmod=adobe&user=alice&challenge=0000abcd&response=7tGAwBKFVKlQPJklqG6JrQ=", "s3cret", false},
        {"live?authmod=adobe&user=alice&challenge=0000abcd&response=7tGAwBKFVKlQPJklqG6JrR==", "s3cret", false},
        {"live?authmod=adobe&user=alice&challenge=0000abcd&response=", "s3cret", false},
        {"live?authmod=adobe&user=alice&challenge=0000abcd", "s3cret", false},
        {"live?authmod=adobe&user=bob&challenge=0000abcd&response=7tGAwBKFVKlQPJklqG6JrQ==", "s3cret", false},
        {"live", "s3cret", false},
    };
    struct rtmp_auth issued = issued_to_alice();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct rtmp_auth client;
        rtmp_auth_parse(rows[i].query, strlen(rows[i].query), &client);
        assert_int_equal(rtmp_auth_verify(&issued, &client, text(rows[i].password)), rows[i].accepted);
    }
}

static void fields_are_found_behind_the_question_mark(void **state)
{
    (void)state;
    static const struct {
        const char *text, *authmod, *user, *challenge, *response, *opaque;
    } rows[] = {
        {"", NULL, NULL, NULL, NULL, NULL},
        {"live", NULL, NULL, NULL, NULL, NULL},
        {"live?", NULL, NULL, NULL, NULL, NULL},
        {"live?&&=&", NULL, NULL, NULL, NULL, NULL},
        {"user=alice", NULL, NULL, NULL, NULL, NULL},
        {"live?authmod=adobe&user=alice", "adobe", "alice", NULL, NULL, NULL},
        {"?user=", NULL, "", NULL, NULL, NULL},
        {"?user", NULL, NULL, NULL, NULL, NULL},
        {"?user=a&user=b", NULL, "a", NULL, NULL, NULL},
        {"?users=a&use=b&USER=c", NULL, NULL, NULL, NULL, NULL},
        {"rtmp://h/live?key=1&authmod=adobe&user=al&challenge=a+/=&response=b==&opaque=c=", "adobe", "al",
         "a+/=", "b==", "c="},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct rtmp_auth auth;
        rtmp_auth_parse(rows[i].text, strlen(rows[i].text), &auth);
        assert_text(auth.authmod, rows[i].authmod);
        assert_text(auth.user, rows[i].user);
        assert_text(auth.challenge, rows[i].challenge);
        assert_text(auth.response, rows[i].response);
        assert_text(auth.opaque, rows[i].opaque);
    }
}

static void what_a_client_should_do_next(void **state)
{
    (void)state;
    static const struct {
        const char *description;
        enum rtmp_auth_step step;
    } rows[] = {
        {RTMP_AUTH_NEED_USER, RTMP_AUTH_STEP_USER},
        {"code=403 need auth; authmod=adobe", RTMP_AUTH_STEP_USER}, /* MediaMTX leaves out the brackets */
        {"authmod=adobe :?reason=needauth&user=u&salt=s&challenge=c&opaque=o", RTMP_AUTH_STEP_RESPOND},
        {RTMP_AUTH_FAILED, RTMP_AUTH_STEP_FAILED},
        {RTMP_AUTH_NO_SUCH_USER, RTMP_AUTH_STEP_FAILED},
        {"[ AccessManager.Reject ] : [ authmod=adobe ] : ?reason=other", RTMP_AUTH_STEP_NONE},
        {"[ AccessManager.Reject ] : [ code=403 need auth; authmod=llnw ] : ", RTMP_AUTH_STEP_NONE},
        {"Connection failed", RTMP_AUTH_STEP_NONE},
        {"", RTMP_AUTH_STEP_NONE},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_int_equal(rtmp_auth_step_of(rows[i].description, strlen(rows[i].description)), rows[i].step);
}

static void texts_are_written_whole_or_not_at_all(void **state)
{
    (void)state;
    static const char challenge[] = "[ AccessManager.Reject ] : [ authmod=adobe ] : "
                                    "?reason=needauth&user=alice&salt=SALT01&challenge=CHAL03&opaque=OPAQ02";
    static const char query[] = "?authmod=adobe&user=alice&challenge=0000abcd&response=R==&opaque=OPAQ02";
    struct rtmp_auth said = issued_to_alice();
    char out[200];
    size_t written = 0;
    for (size_t cap = 0; cap < sizeof challenge; cap++) {
        memset(out, '!', sizeof out);
        assert_int_equal(rtmp_auth_write_challenge(&said, out, cap, &written), RTMP_E_SPACE);
        assert_int_equal(out[0], '!');
        assert_int_equal(written, 0);
    }
    assert_int_equal(rtmp_auth_write_challenge(&said, out, sizeof challenge, &written), 0);
    assert_int_equal(written, sizeof challenge - 1);
    assert_string_equal(out, challenge);

    said = (struct rtmp_auth){.user = text("alice")};
    assert_int_equal(rtmp_auth_write_query(&said, out, sizeof out, &written), 0);
    assert_string_equal(out, "?authmod=adobe&user=alice");
    said.challenge = text("0000abcd"), said.response = text("R=="), said.opaque = text("OPAQ02");
    assert_int_equal(rtmp_auth_write_query(&said, out, sizeof query - 1, &written), RTMP_E_SPACE);
    assert_int_equal(rtmp_auth_write_query(&said, out, sizeof query, &written), 0);
    assert_string_equal(out, query);
}

static void fields_cannot_smuggle_others(void **state)
{
    (void)state;
    static const char *const users[] = {"a&opaque=x", "a?b", "a\nb", "a\x7f"};
    for (size_t i = 0; i < COUNT(users); i++) {
        struct rtmp_auth said = issued_to_alice();
        char out[200];
        size_t written;
        said.user = text(users[i]);
        assert_int_equal(rtmp_auth_write_challenge(&said, out, sizeof out, &written), RTMP_E_RANGE);
        assert_int_equal(rtmp_auth_write_query(&said, out, sizeof out, &written), RTMP_E_RANGE);
    }
}

static void three_connections_of_one_login(void **state)
{
    (void)state;
    struct rtmp_auth issued = issued_to_alice(), heard, answer, query;
    char description[200], out[200], response[RTMP_AUTH_RESPONSE_SIZE];
    size_t length, written;
    assert_int_equal(rtmp_auth_write_challenge(&issued, description, sizeof description, &length), 0);
    assert_int_equal(rtmp_auth_step_of(description, length), RTMP_AUTH_STEP_RESPOND);
    rtmp_auth_parse(description, length, &heard);
    rtmp_auth_response(&heard, text("12345678"), text("s3cret"), response);
    answer = heard;
    answer.challenge = text("12345678");
    answer.response = (struct rtmp_auth_text){response, sizeof response};
    assert_int_equal(rtmp_auth_write_query(&answer, out, sizeof out, &written), 0);
    rtmp_auth_parse(out, written, &query);
    assert_true(rtmp_auth_verify(&issued, &query, text("s3cret")));
    assert_false(rtmp_auth_verify(&issued, &query, text("S3cret")));
}

static void secrets_are_compared_whole(void **state)
{
    (void)state;
    assert_true(rtmp_secret_equal("", 0, NULL, 0));
    assert_true(rtmp_secret_equal("abc", 3, "abc", 3));
    assert_false(rtmp_secret_equal("abc", 3, "abcd", 4));
    assert_false(rtmp_secret_equal("abc", 3, "xbc", 3));
    assert_false(rtmp_secret_equal("abc", 3, "abx", 3));
    assert_false(rtmp_secret_equal("a\0c", 3, "a\0d", 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(response_of_the_vector),
        cmocka_unit_test(without_opaque_the_challenge_counts),
        cmocka_unit_test(only_the_right_answer_is_accepted),
        cmocka_unit_test(fields_are_found_behind_the_question_mark),
        cmocka_unit_test(what_a_client_should_do_next),
        cmocka_unit_test(texts_are_written_whole_or_not_at_all),
        cmocka_unit_test(fields_cannot_smuggle_others),
        cmocka_unit_test(three_connections_of_one_login),
        cmocka_unit_test(secrets_are_compared_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
