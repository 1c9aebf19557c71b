#!/bin/sh
# tinyrtmp.sh PROGRAM: ffmpeg publishes to the example relay, ffmpeg plays from it, and what arrives is a whole film.
set -eu
program=$1
port=$((20000 + $$ % 10000))
work=$(mktemp -d)
server='' publisher=''
trap 'kill $publisher $server 2>/dev/null || true; rm -rf "$work"' EXIT

fail() {
    echo "tinyrtmp: $1" >&2
    cat "$work"/*.log >&2
    exit 1
}

# wait_for FILE TEXT: until the server says so, for a minute at most.
wait_for() {
    for _ in $(seq 600); do
        grep -q "$2" "$1" && return
        sleep 0.1
    done
    fail "the server never said: $2"
}

"$program" "$port" >"$work/server.log" 2>&1 &
server=$!
wait_for "$work/server.log" listening

ffmpeg -nostdin -v error -re -f lavfi -i testsrc=s=160x120:r=10 -f lavfi -i sine -c:v libx264 -preset ultrafast -g 10 \
    -pix_fmt yuv420p -c:a aac -t 30 -f flv "rtmp://127.0.0.1:$port/live/film?key=1" >"$work/publisher.log" 2>&1 &
publisher=$!
wait_for "$work/server.log" 'publishing live/film'

timeout 60 ffmpeg -nostdin -v error -i "rtmp://127.0.0.1:$port/live/film" -frames:v 20 -c copy "$work/film.flv" \
    >"$work/player.log" 2>&1 || fail 'the player failed'
wait_for "$work/server.log" 'stopped playing'

# Twenty pictures, the first of them a key frame, are two seconds, and so about 86 audio frames.
pictures=$(ffprobe -v error -select_streams v -show_entries packet=flags -of csv=p=0 "$work/film.flv")
sounds=$(ffprobe -v error -select_streams a -show_entries packet=pts -of csv=p=0 "$work/film.flv")
case $pictures in K*) ;; *) fail 'the first picture is no key frame' ;; esac
[ "$(echo "$pictures" | wc -l)" -eq 20 ] || fail 'pictures are missing'
[ "$(echo "$sounds" | wc -l)" -ge 40 ] || fail 'sound is missing'
errors=$(ffmpeg -nostdin -v error -i "$work/film.flv" -f null - 2>&1) || fail 'the film cannot be read'
[ -z "$errors" ] || fail "the film is broken: $errors"

# A second publisher of the same name is told so.
if timeout 60 ffmpeg -nostdin -v error -f lavfi -i testsrc=s=160x120:r=10 -c:v libx264 -t 1 -f flv \
    "rtmp://127.0.0.1:$port/live/film" >"$work/second.log" 2>&1; then
    fail 'two publishers share a name'
fi

kill "$publisher"
wait_for "$work/server.log" 'unpublished live/film'
echo "tinyrtmp: $(echo "$pictures" | wc -l) pictures, $(echo "$sounds" | wc -l) audio frames"
