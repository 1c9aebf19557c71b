/* SPDX-License-Identifier: MIT */
#include "net/socket.h"

#include <errno.h>
#include <linux/sockios.h>
#include <linux/tcp.h> /* its tcp_info knows the window, libc's does not */
#include <netinet/in.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST_PIECES = 1024 }; /* IOV_MAX of Linux */

static int descriptor_of(struct ph_filter *filter)
{
    return ph_container_of(filter, struct ph_socket, filter)->descriptor;
}

static int socket_read(struct ph_filter *filter, uint8_t *into, size_t cap, size_t *got)
{
    ssize_t n;
    do
        n = recv(descriptor_of(filter), into, cap, MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return errno == EWOULDBLOCK ? -EAGAIN : -errno;
    if (n == 0)
        return -ENODATA;
    *got = (size_t)n;
    return 0;
}

static int socket_write(struct ph_filter *filter, const struct iovec *iov, int n_iov, size_t *accepted)
{
    struct msghdr message = {.msg_iov = (struct iovec *)(uintptr_t)iov,
                             .msg_iovlen = (size_t)(n_iov < MOST_PIECES ? n_iov : MOST_PIECES)};
    ssize_t n;
    do
        n = sendmsg(descriptor_of(filter), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != ENOBUFS)
        return -errno;
    *accepted = n < 0 ? 0 : (size_t)n;
    return 0;
}

static void socket_shutdown(struct ph_filter *filter) { shutdown(descriptor_of(filter), SHUT_WR); }

static void socket_destroy(struct ph_filter *filter) { close(descriptor_of(filter)); }

static const struct ph_filter_ops socket_ops = {
    .name = "tcp",
    .read = socket_read,
    .write = socket_write,
    .shutdown = socket_shutdown,
    .destroy = socket_destroy,
};

void ph_socket_init(struct ph_socket *socket, int descriptor)
{
    *socket = (struct ph_socket){.filter.ops = &socket_ops, .descriptor = descriptor};
    int on = 1;
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* other sockets than TCP have none */
}

size_t ph_socket_unsent(const struct ph_socket *socket)
{
    int n = 0;
    if (ioctl(socket->descriptor, SIOCOUTQ, &n) || n < 0)
        return 0;
    return (size_t)n;
}

void ph_socket_set_lowat(struct ph_socket *socket, unsigned bytes)
{
    setsockopt(socket->descriptor, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &bytes, sizeof bytes);
}

void ph_socket_set_prompt(struct ph_socket *socket, bool prompt)
{
    int on = prompt;
    setsockopt(socket->descriptor, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on); /* the kernel forgets it soon */
}

int ph_socket_window(const struct ph_socket *socket, struct ph_window *window)
{
    struct tcp_info info;
    socklen_t length = sizeof info;
    if (getsockopt(socket->descriptor, IPPROTO_TCP, TCP_INFO, &info, &length))
        return -errno;
    if (length < offsetof(struct tcp_info, tcpi_snd_wnd) + sizeof info.tcpi_snd_wnd)
        return -ENOSYS; /* before Linux 5.4 */
    *window = (struct ph_window){.edge = info.tcpi_bytes_acked + info.tcpi_snd_wnd,
                                 .size = info.tcpi_snd_wnd,
                                 .unit = 1u << info.tcpi_snd_wscale,
                                 .count = info.tcpi_segs_in};
    return 0;
}

int ph_socket_error(const struct ph_socket *socket)
{
    int err = 0;
    socklen_t length = sizeof err;
    if (getsockopt(socket->descriptor, SOL_SOCKET, SO_ERROR, &err, &length))
        return -errno;
    return -err;
}

void ph_socket_discard(struct ph_socket *socket)
{
    struct linger at_once = {.l_onoff = 1};
    setsockopt(socket->descriptor, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}
