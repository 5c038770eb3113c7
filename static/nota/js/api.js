// Calls of the REST API with the session, and what went wrong in words.

import { fill, gettext } from "./words.js";

const TIMEOUT_MS = 20000;

export class ApiError extends Error {
  // status 0: no answer at all (network lost, server restarting, too slow).
  constructor(status, code, message, retryAfter = 0) {
    super(message);
    this.status = status;
    this.code = code;
    this.retryAfter = retryAfter;
  }

  // Whether the same request may succeed later. A 403 without a code is not the API's own word but
  // that of something on the way to it.
  get isPassing() {
    if (this.code === "http_403") return true;
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
  }

  // No session, or one whose CSRF token this browser has lost: logging in mends both.
  get isLoggedOut() {
    return this.status === 401 || (this.status === 403 && this.code === "permission_denied");
  }
}

function csrfToken() {
  // Read anew each time: logging in again in another tab changes it.
  const found = document.cookie.split("; ").find((pair) => pair.startsWith("csrftoken="));
  return found ? decodeURIComponent(found.slice("csrftoken=".length)) : "";
}

export async function call(base, method, path, body) {
  const headers = { Accept: "application/json" };
  if (body !== undefined) {
    headers["Content-Type"] = "application/json";
    headers["X-CSRFToken"] = csrfToken();
  }
  let response;
  try {
    response = await fetch(base + path, {
      method,
      headers,
      credentials: "same-origin",
      keepalive: body !== undefined, // a page closed just after a vote still sends it
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch {
    throw new ApiError(0, "network", gettext("The site cannot be reached just now."));
  }
  const data = await response.json().catch(() => null);
  if (!response.ok) {
    const error = data?.error ?? {};
    throw new ApiError(
      response.status,
      error.code ?? `http_${response.status}`,
      error.message ?? fill(gettext("The site answered with an error (%(status)s)."), { status: response.status }),
      Number(response.headers.get("Retry-After")) || 0,
    );
  }
  if (data === null) throw new ApiError(0, "no_json", gettext("The site's answer was cut off."));
  return data;
}
