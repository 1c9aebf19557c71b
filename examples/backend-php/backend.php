<?php
// SPDX-License-Identifier: MIT
// FMSPy's chat as a backend of Playhouse: php -S 127.0.0.1:9000 backend.php. Needs PHP 8, nothing else. docs/jsonrpc.md
$secret = getenv('SECRET') ?: '';
$body = file_get_contents('php://input');

// Standard Webhooks: who does not know the secret is not heard.
function is_signed(string $secret, string $body): bool
{
    if ($secret === '') return true;
    $id = $_SERVER['HTTP_WEBHOOK_ID'] ?? '';
    $time = $_SERVER['HTTP_WEBHOOK_TIMESTAMP'] ?? '0';
    $key = base64_decode(substr($secret, strlen('whsec_')));
    $wanted = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$time.$body", $key, true));
    $shown = explode(' ', $_SERVER['HTTP_WEBHOOK_SIGNATURE'] ?? '');
    return abs(time() - (int) $time) < 300 && array_filter($shown, fn($each) => hash_equals($wanted, $each)) !== [];
}

if (!is_signed($secret, $body)) {
    http_response_code(401);
    exit;
}
$request = json_decode($body, true);
['args' => $args, 'session' => $session] = $request['params'];

// PHP forgets everything between two requests: what is known of a session is its `meta` and `user`, which come back.
function everybody(array $session, string $method, array $args): array
{
    return ['method' => 'broadcast', 'params' => ['room' => $session['room'], 'method' => $method, 'args' => $args]];
}

try {
    $result = match (true) {
        $request['method'] === '$connect' => ['user' => $args[0] ?? '', 'meta' => ['since' => time()]],
        $request['method'] === 'say' => $session['user'] === ''
            ? throw new Exception('Connect with a name.')
            : ['$result' => null, '$actions' => [everybody($session, 'message', [$session['user'], $args[0]])]],
        $request['method'] === 'echo' => $args[0],
        str_starts_with($request['method'], '$') => new stdClass(),
        default => throw new Exception("There is no method {$request['method']}."),
    };
    $reply = ['jsonrpc' => '2.0', 'id' => $request['id'] ?? null, 'result' => $result];
} catch (Exception $error) {
    $reply = ['jsonrpc' => '2.0', 'id' => $request['id'] ?? null, 'error' => ['code' => 1, 'message' => $error->getMessage()]];
}
header('Content-Type: application/json');
echo json_encode($reply);
