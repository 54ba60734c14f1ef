#!/usr/bin/env bash
# Makes the certificates beside it, which are committed: they last a hundred years, and nothing but the tests trusts them.
set -eu
cd "$(dirname "$0")/certificates"
rm -f -- *.crt *.key *.crl

readonly DAYS=36500

key() { openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt -out "$1.key"; }

authority() { # name, common name
  key "$1"
  openssl req -new -x509 -key "$1.key" -sha256 -days "$DAYS" -subj "/CN=$2" -out "$1.crt" \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign
}

signed() { # name, common name, extensions; then options of `openssl ca`
  local name=$1 subject=$2 extensions=$3
  shift 3
  key "$name"
  openssl req -new -key "$name.key" -subj "/CN=$subject" -out "$name.csr"
  printf 'basicConstraints=CA:FALSE\n%s\n' "$extensions" >"$name.ext"
  openssl ca -batch -notext -config ca.conf -in "$name.csr" -extfile "$name.ext" -out "$name.crt" "$@"
  rm -f "$name.csr" "$name.ext"
}

cat >ca.conf <<'CONF'
[ca]
default_ca = test
[test]
database = index.txt
serial = serial
new_certs_dir = .
certificate = ca.crt
private_key = ca.key
default_md = sha256
default_days = 36500
default_crl_days = 36500
policy = any
unique_subject = no
[any]
commonName = supplied
CONF
: >index.txt
echo 1000 >serial

authority ca "kysely-resilient test CA"
authority other-ca "kysely-resilient other test CA"
signed server localhost "subjectAltName=DNS:localhost,IP:127.0.0.1"
signed wrong-host db.example.org "subjectAltName=DNS:db.example.org"
signed expired localhost "subjectAltName=DNS:localhost,IP:127.0.0.1" -startdate 20200101000000Z -enddate 20200201000000Z
signed client tls_client "extendedKeyUsage=clientAuth"
signed revoked localhost "subjectAltName=DNS:localhost,IP:127.0.0.1"
openssl ca -config ca.conf -revoke revoked.crt
openssl ca -config ca.conf -gencrl -out ca.crl
openssl pkcs8 -topk8 -in client.key -passout pass:opensesame -out client-encrypted.key
rm -f ca.conf index.txt* serial* [0-9]*.pem ca.key other-ca.key
