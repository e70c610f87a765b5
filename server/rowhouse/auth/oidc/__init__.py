"""Login with an OpenID Connect provider: the authorization code flow with PKCE.

OpenID Connect Core 1.0 section 3.1, RFC 7636 (PKCE), RFC 9207 (issuer identification). The provider authenticates
the user once, and the server then begins its own session. It does not keep the provider's tokens.
"""
