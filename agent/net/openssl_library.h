/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_NET_OPENSSL_LIBRARY_H
#define AGENT_NET_OPENSSL_LIBRARY_H

/* openssl_library - what its doors call of OpenSSL (see agent/library.h). Private to them. */

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "agent/err.h"
#include "agent/library.h"

/*
 * As library_load() does, and sets it up. Nothing else here may be called before.
 * Its memory is waited for (agent/patient.h). When it got none while it was set
 * up, it may lack algorithms from then on and is not used: only a new start helps.
 */
int openssl_library_load(struct err *err);

#ifndef SVC_STATIC

/* clang-format off */
#define OPENSSL_LIBRARY(EACH) \
	EACH(ASN1_STRING_get0_data) \
	EACH(ASN1_STRING_length) \
	EACH(ASN1_TIME_to_tm) \
	EACH(BIO_ctrl) \
	EACH(BIO_ctrl_pending) \
	EACH(BIO_free) \
	EACH(BIO_new) \
	EACH(BIO_s_mem) \
	EACH(BIO_write_ex) \
	EACH(CRYPTO_set_mem_functions) \
	EACH(ERR_clear_error) \
	EACH(ERR_peek_error) \
	EACH(ERR_reason_error_string) \
	EACH(GENERAL_NAMES_free) \
	EACH(GENERAL_NAME_get0_value) \
	EACH(OPENSSL_init_ssl) \
	EACH(OPENSSL_sk_num) \
	EACH(OPENSSL_sk_value) \
	EACH(SSL_CTX_check_private_key) \
	EACH(SSL_CTX_ctrl) \
	EACH(SSL_CTX_free) \
	EACH(SSL_CTX_get0_certificate) \
	EACH(SSL_CTX_get0_param) \
	EACH(SSL_CTX_load_verify_locations) \
	EACH(SSL_CTX_new) \
	EACH(SSL_CTX_set_alpn_protos) \
	EACH(SSL_CTX_set_default_passwd_cb) \
	EACH(SSL_CTX_set_default_verify_paths) \
	EACH(SSL_CTX_set_options) \
	EACH(SSL_CTX_set_verify) \
	EACH(SSL_CTX_use_PrivateKey_file) \
	EACH(SSL_CTX_use_certificate_chain_file) \
	EACH(SSL_connect) \
	EACH(SSL_ctrl) \
	EACH(SSL_do_handshake) \
	EACH(SSL_free) \
	EACH(SSL_get0_alpn_selected) \
	EACH(SSL_get0_param) \
	EACH(SSL_get0_peer_certificate) \
	EACH(SSL_get_error) \
	EACH(SSL_get_peer_cert_chain) \
	EACH(SSL_get_verify_result) \
	EACH(SSL_new) \
	EACH(SSL_read_ex) \
	EACH(SSL_set1_host) \
	EACH(SSL_set_alpn_protos) \
	EACH(SSL_set_bio) \
	EACH(SSL_set_cert_cb) \
	EACH(SSL_set_connect_state) \
	EACH(SSL_set_fd) \
	EACH(SSL_set_hostflags) \
	EACH(SSL_set_verify) \
	EACH(SSL_shutdown) \
	EACH(SSL_write_ex) \
	EACH(TLS_client_method) \
	EACH(X509_NAME_oneline) \
	EACH(X509_VERIFY_PARAM_set1_ip_asc) \
	EACH(X509_VERIFY_PARAM_set_flags) \
	EACH(X509_get0_notAfter) \
	EACH(X509_get0_notBefore) \
	EACH(X509_get_ext_d2i) \
	EACH(X509_get_issuer_name)

struct openssl_library {
	OPENSSL_LIBRARY(LIBRARY_POINTER)
};
extern struct openssl_library openssl_library;

#define ASN1_STRING_get0_data              openssl_library.ASN1_STRING_get0_data
#define ASN1_STRING_length                 openssl_library.ASN1_STRING_length
#define ASN1_TIME_to_tm                    openssl_library.ASN1_TIME_to_tm
#define BIO_ctrl                           openssl_library.BIO_ctrl
#define BIO_ctrl_pending                   openssl_library.BIO_ctrl_pending
#define BIO_free                           openssl_library.BIO_free
#define BIO_new                            openssl_library.BIO_new
#define BIO_s_mem                          openssl_library.BIO_s_mem
#define BIO_write_ex                       openssl_library.BIO_write_ex
#define CRYPTO_set_mem_functions           openssl_library.CRYPTO_set_mem_functions
#define ERR_clear_error                    openssl_library.ERR_clear_error
#define ERR_peek_error                     openssl_library.ERR_peek_error
#define ERR_reason_error_string            openssl_library.ERR_reason_error_string
#define GENERAL_NAMES_free                 openssl_library.GENERAL_NAMES_free
#define GENERAL_NAME_get0_value            openssl_library.GENERAL_NAME_get0_value
#define OPENSSL_init_ssl                   openssl_library.OPENSSL_init_ssl
#define OPENSSL_sk_num                     openssl_library.OPENSSL_sk_num
#define OPENSSL_sk_value                   openssl_library.OPENSSL_sk_value
#define SSL_CTX_check_private_key          openssl_library.SSL_CTX_check_private_key
#define SSL_CTX_ctrl                       openssl_library.SSL_CTX_ctrl
#define SSL_CTX_free                       openssl_library.SSL_CTX_free
#define SSL_CTX_get0_certificate           openssl_library.SSL_CTX_get0_certificate
#define SSL_CTX_get0_param                 openssl_library.SSL_CTX_get0_param
#define SSL_CTX_load_verify_locations      openssl_library.SSL_CTX_load_verify_locations
#define SSL_CTX_new                        openssl_library.SSL_CTX_new
#define SSL_CTX_set_alpn_protos            openssl_library.SSL_CTX_set_alpn_protos
#define SSL_CTX_set_default_passwd_cb      openssl_library.SSL_CTX_set_default_passwd_cb
#define SSL_CTX_set_default_verify_paths   openssl_library.SSL_CTX_set_default_verify_paths
#define SSL_CTX_set_options                openssl_library.SSL_CTX_set_options
#define SSL_CTX_set_verify                 openssl_library.SSL_CTX_set_verify
#define SSL_CTX_use_PrivateKey_file        openssl_library.SSL_CTX_use_PrivateKey_file
#define SSL_CTX_use_certificate_chain_file openssl_library.SSL_CTX_use_certificate_chain_file
#define SSL_connect                        openssl_library.SSL_connect
#define SSL_ctrl                           openssl_library.SSL_ctrl
#define SSL_do_handshake                   openssl_library.SSL_do_handshake
#define SSL_free                           openssl_library.SSL_free
#define SSL_get0_alpn_selected             openssl_library.SSL_get0_alpn_selected
#define SSL_get0_param                     openssl_library.SSL_get0_param
#define SSL_get0_peer_certificate          openssl_library.SSL_get0_peer_certificate
#define SSL_get_error                      openssl_library.SSL_get_error
#define SSL_get_peer_cert_chain            openssl_library.SSL_get_peer_cert_chain
#define SSL_get_verify_result              openssl_library.SSL_get_verify_result
#define SSL_new                            openssl_library.SSL_new
#define SSL_read_ex                        openssl_library.SSL_read_ex
#define SSL_set1_host                      openssl_library.SSL_set1_host
#define SSL_set_alpn_protos                openssl_library.SSL_set_alpn_protos
#define SSL_set_bio                        openssl_library.SSL_set_bio
#define SSL_set_cert_cb                    openssl_library.SSL_set_cert_cb
#define SSL_set_connect_state              openssl_library.SSL_set_connect_state
#define SSL_set_fd                         openssl_library.SSL_set_fd
#define SSL_set_hostflags                  openssl_library.SSL_set_hostflags
#define SSL_set_verify                     openssl_library.SSL_set_verify
#define SSL_shutdown                       openssl_library.SSL_shutdown
#define SSL_write_ex                       openssl_library.SSL_write_ex
#define TLS_client_method                  openssl_library.TLS_client_method
#define X509_NAME_oneline                  openssl_library.X509_NAME_oneline
#define X509_VERIFY_PARAM_set1_ip_asc      openssl_library.X509_VERIFY_PARAM_set1_ip_asc
#define X509_VERIFY_PARAM_set_flags        openssl_library.X509_VERIFY_PARAM_set_flags
#define X509_get0_notAfter                 openssl_library.X509_get0_notAfter
#define X509_get0_notBefore                openssl_library.X509_get0_notBefore
#define X509_get_ext_d2i                   openssl_library.X509_get_ext_d2i
#define X509_get_issuer_name               openssl_library.X509_get_issuer_name
/* clang-format on */

#endif

#endif
