#!/bin/sh
# Whether a webhook is from who it says: `verify.sh KEY ID TIMESTAMP SIGNATURES < body`, with the key
# `whsec_…` or `whpk_…` and the three headers. Needs openssl 3. The secret stands in the arguments
# of openssl while it runs: to look into a case, not for a service.
set -eu
key=${1#*_} id=$2 timestamp=$3 signatures=$4
age=$(($(date +%s) - timestamp))
if [ "$age" -gt 300 ] || [ "$age" -lt -300 ]; then exit 1; fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
{ printf '%s.%s.' "$id" "$timestamp"; cat; } > "$folder/signed"
case $1 in
whsec_*)
    hex=$(printf %s "$key" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \n')
    right=v1,$(openssl dgst -sha256 -mac HMAC -macopt "hexkey:$hex" -binary "$folder/signed" |
        openssl base64 -A)
    for one in $signatures; do if [ "$one" = "$right" ]; then exit 0; fi; done
    ;;
whpk_*)
    # RFC 8410: what stands before the 32 bytes of a public key.
    { printf '\060\052\060\005\006\003\053\145\160\003\041\000'
        printf %s "$key" | openssl base64 -d -A; } > "$folder/key"
    for one in $signatures; do
        case $one in v1a,*) ;; *) continue ;; esac
        printf %s "${one#v1a,}" | openssl base64 -d -A > "$folder/signature"
        if openssl pkeyutl -verify -pubin -keyform DER -inkey "$folder/key" -rawin \
            -in "$folder/signed" -sigfile "$folder/signature" > "$folder/said" 2>&1; then exit 0; fi
    done
    ;;
esac
exit 1
