-- SPDX-License-Identifier: MIT
-- What the application echo is in C.
return {calls = {echo = function(_, value) return value end}}
