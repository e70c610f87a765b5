"""Logging in at an OpenID Connect provider: the authorization code flow with PKCE.

OpenID Connect Core 1.0 section 3.1, RFC 7636 (PKCE), RFC 9207 (which issuer answered). We ask who somebody is,
once, and then begin a session of our own: no token of the provider is kept.
"""
