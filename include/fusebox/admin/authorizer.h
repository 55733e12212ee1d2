// SPDX-License-Identifier: Apache-2.0
//
// Who may do something over the admin service. Three kinds of callers are ready-made:
//
//   // Whoever has one of these certificates. The server has to verify clients' certificates.
//   absl::StatusOr<std::shared_ptr<const fusebox::Authorizer>> subjects =
//       fusebox::AllowTlsSubjects({"CN=sre,O=Example", "spiffe://example.org/oncall"});
//   if (!subjects.ok()) return subjects.status();
//
//   // Whoever sends "authorization: Bearer <token>".
//   absl::StatusOr<std::shared_ptr<const fusebox::Authorizer>> bearer =
//       fusebox::AllowBearerToken(token, "ci");
//
//   // Whoever is on the same machine.
//   std::shared_ptr<const fusebox::Authorizer> local = fusebox::AllowLocalCallers();
//
// and a caller who fits any of several is let in by `AllowAnyOf`. For anything else, derive from
// `Authorizer`.
#ifndef FUSEBOX_ADMIN_AUTHORIZER_H_
#define FUSEBOX_ADMIN_AUTHORIZER_H_

#include <grpcpp/server_context.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "fusebox/export.h"

namespace fusebox {

// Thread-safety: `Authorize` may be called from any thread at any time, several times at once, and
// should be quick, some microseconds: it runs on gRPC's threads, which serve all else of the server
// too, at each request, and for readers as well as writers. Look tokens up in memory; what takes a
// network or a disk belongs on a thread of your own that keeps the answers. What it throws ends
// there: the caller is answered INTERNAL, and not let in.
class FUSEBOX_EXPORT Authorizer {
 public:
  virtual ~Authorizer() = default;

  // Who the caller is, for the events of what it does. A name that is empty or only spaces
  // lets nobody in: the caller is answered UNAUTHENTICATED. UNAUTHENTICATED if it doesn't say who
  // it is well enough, PERMISSION_DENIED if it may not. The message goes to the caller: it must not
  // hold a credential.
  virtual absl::StatusOr<std::string> Authorize(const grpc::ServerContextBase& caller) const = 0;
};

// Callers with a verified certificate whose subject, or one of whose subject alternative names, is
// one of these, byte by byte. What it looks like says what it is compared with, and with nothing
// else, so that whoever is certified to have a mail address or a host name can't take it for a
// subject:
//
//   "CN=sre,O=Example"             the subject, as RFC 2253 has it, the last part first: it begins
//                                  with an attribute and `=`
//   "10.0.0.7", "2001:db8::7"      an alternative name that is an IP address
//   "spiffe://example.org/oncall"  one that is a URI: there is a colon in it
//   "sre@example.org"              one that is a mail address: there is an `@` in it
//   "sre.example.org"              one that is a DNS name: anything else
//
// The server's credentials must verify clients' certificates
// (GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY, or ..._REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY): a
// certificate that nobody has verified says nothing, and gRPC doesn't let it be told from one that
// somebody has.
//
// INVALID_ARGUMENT for an empty list, or a subject that is empty or only spaces.
FUSEBOX_EXPORT absl::StatusOr<std::shared_ptr<const Authorizer>> AllowTlsSubjects(
    std::vector<std::string> subjects);

// Callers with "authorization: Bearer <token>" in their metadata, by name `who`. How long the
// comparison takes says nothing of the token. A token is not taken over a connection that others
// could read: neither TLS, nor loopback, nor a unix socket.
//
// INVALID_ARGUMENT for a token of less than 16 or more than 4,096 bytes or with other characters
// than visible ASCII, or for a `who` that is empty or only spaces; the message doesn't hold the
// token.
FUSEBOX_EXPORT absl::StatusOr<std::shared_ptr<const Authorizer>> AllowBearerToken(std::string token,
                                                                                  std::string who);

// Callers over a unix socket or from a loopback address, named after it. Behind a proxy on the same
// machine every caller looks like one.
FUSEBOX_EXPORT std::shared_ptr<const Authorizer> AllowLocalCallers();

// Callers that one of these lets in by name, asked in order. If none does, the last one's answer.
// Without any, nobody. None may be null.
FUSEBOX_EXPORT std::shared_ptr<const Authorizer> AllowAnyOf(
    std::vector<std::shared_ptr<const Authorizer>> authorizers);

}  // namespace fusebox

#endif  // FUSEBOX_ADMIN_AUTHORIZER_H_
