// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <grpc/grpc_security_constants.h>
#include <grpcpp/security/auth_context.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "fusebox/admin/authorizer.h"
#include "src/admin/peer.h"
#include "src/base/blank.h"
#include "src/base/counted.h"
#include "src/base/printable.h"

namespace fusebox {

using internal::Counted;
using internal::IsBlank;
using internal::IsPrivate;
using internal::LocalPeerName;
using internal::Printable;

namespace {

constexpr std::size_t kMinTokenBytes = 16;
constexpr std::size_t kMaxTokenBytes = 4'096;

bool IsIpAddress(const std::string& text) {
  in6_addr address{};
  return inet_pton(AF_INET, text.c_str(), &address) == 1 ||
         inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

// Whether it begins with an attribute's type, by name or number, and its value: "CN=sre,O=Example".
bool IsDistinguishedName(absl::string_view text) {
  const std::size_t type = text.find('=');
  const auto is_of_a_type = [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '-';
  };
  return type != absl::string_view::npos && type > 0 &&
         std::all_of(text.begin(), text.begin() + type, is_of_a_type);
}

// gRPC's name for what of a certificate such a subject is. An authority that checks its holders'
// mail addresses, say, may certify any of them: no name of one kind is a name of another.
const char* PropertyOf(const std::string& subject) {
  if (IsDistinguishedName(subject)) return GRPC_X509_SUBJECT_PROPERTY_NAME;
  if (IsIpAddress(subject)) return GRPC_PEER_IP_PROPERTY_NAME;
  if (absl::StrContains(subject, ':')) return GRPC_PEER_URI_PROPERTY_NAME;
  if (absl::StrContains(subject, '@')) return GRPC_PEER_EMAIL_PROPERTY_NAME;
  return GRPC_PEER_DNS_PROPERTY_NAME;
}

class TlsSubjects : public Authorizer {
 public:
  explicit TlsSubjects(std::vector<std::string> subjects) {
    for (std::string& subject : subjects) {
      subjects_.push_back({PropertyOf(subject), std::move(subject)});
    }
  }

  absl::StatusOr<std::string> Authorize(const grpc::ServerContextBase& caller) const override {
    const auto context = caller.auth_context();
    if (context == nullptr || !context->IsPeerAuthenticated()) {
      return absl::UnauthenticatedError("no client certificate, must have one");
    }
    for (const Subject& subject : subjects_) {
      for (const grpc::string_ref& value : context->FindPropertyValues(subject.property)) {
        if (absl::string_view(value.data(), value.size()) == subject.text) return subject.text;
      }
    }
    return absl::PermissionDeniedError("the client certificate's subject may not do this");
  }

 private:
  struct Subject {
    const char* property;  // what of a certificate it is
    std::string text;
  };

  std::vector<Subject> subjects_;
};

// How long it takes depends on the length of `presented` alone.
bool EqualInConstantTime(absl::string_view presented, absl::string_view secret) {
  volatile unsigned char difference = presented.size() == secret.size() ? 0 : 1;
  for (std::size_t i = 0; i < presented.size(); ++i) {
    const auto a = static_cast<unsigned char>(presented[i]);
    const auto b = static_cast<unsigned char>(secret[i % secret.size()]);
    difference = static_cast<unsigned char>(difference | (a ^ b));
  }
  return difference == 0;
}

// Empty if the transport doesn't say.
std::string SecurityLevelOf(const grpc::ServerContextBase& caller) {
  const auto context = caller.auth_context();
  if (context == nullptr) return "";
  const auto levels = context->FindPropertyValues(GRPC_TRANSPORT_SECURITY_LEVEL_PROPERTY_NAME);
  return levels.empty() ? "" : std::string(levels[0].data(), levels[0].size());
}

class BearerToken : public Authorizer {
 public:
  BearerToken(std::string token, std::string who)
      : token_(std::move(token)), who_(std::move(who)) {}

  absl::StatusOr<std::string> Authorize(const grpc::ServerContextBase& caller) const override {
    if (!IsPrivate(caller.peer(), SecurityLevelOf(caller))) {
      return absl::UnauthenticatedError(
          "a bearer token is only taken over TLS, a loopback address or a unix socket");
    }
    const auto values = caller.client_metadata().equal_range("authorization");
    bool right = false;
    for (auto value = values.first; value != values.second; ++value) {
      right |= IsToken(absl::string_view(value->second.data(), value->second.size()));
    }
    if (right) return who_;
    return absl::UnauthenticatedError(values.first == values.second
                                          ? "no \"authorization\" metadata, must be a bearer token"
                                          : "the bearer token is not the right one");
  }

 private:
  bool IsToken(absl::string_view authorization) const {
    constexpr absl::string_view kScheme = "bearer ";
    if (authorization.size() > kScheme.size() + kMaxTokenBytes) return false;
    if (!absl::StartsWithIgnoreCase(authorization, kScheme)) return false;
    return EqualInConstantTime(authorization.substr(kScheme.size()), token_);
  }

  const std::string token_;
  const std::string who_;
};

class LocalCallers : public Authorizer {
 public:
  absl::StatusOr<std::string> Authorize(const grpc::ServerContextBase& caller) const override {
    if (std::optional<std::string> name = LocalPeerName(caller.peer())) return *std::move(name);
    return absl::PermissionDeniedError("only callers on the same machine may do this");
  }
};

class AnyOf : public Authorizer {
 public:
  explicit AnyOf(std::vector<std::shared_ptr<const Authorizer>> authorizers)
      : authorizers_(std::move(authorizers)) {}

  absl::StatusOr<std::string> Authorize(const grpc::ServerContextBase& caller) const override {
    absl::StatusOr<std::string> who = absl::PermissionDeniedError("nobody may do this");
    for (const auto& authorizer : authorizers_) {
      who = authorizer->Authorize(caller);
      if (who.ok() && !IsBlank(*who)) break;  // one without a name is let in by none of them
    }
    return who;
  }

 private:
  const std::vector<std::shared_ptr<const Authorizer>> authorizers_;
};

}  // namespace

absl::StatusOr<std::shared_ptr<const Authorizer>> AllowTlsSubjects(
    std::vector<std::string> subjects) {
  const auto is_blank = [](const std::string& subject) { return IsBlank(subject); };
  if (subjects.empty() || std::any_of(subjects.begin(), subjects.end(), is_blank)) {
    return absl::InvalidArgumentError(
        absl::StrCat("invalid authorizer: subjects = ", subjects.size(),
                     " of them, must be at least one, and none of them empty or only spaces"));
  }
  return std::make_shared<const TlsSubjects>(std::move(subjects));
}

absl::StatusOr<std::shared_ptr<const Authorizer>> AllowBearerToken(std::string token,
                                                                   std::string who) {
  const bool visible = std::all_of(token.begin(), token.end(),
                                   [](unsigned char c) { return absl::ascii_isgraph(c); });
  if (token.size() < kMinTokenBytes || token.size() > kMaxTokenBytes || !visible) {
    return absl::InvalidArgumentError(
        absl::StrCat("invalid authorizer: token = ", Counted(token.size(), "byte"),
                     visible ? "" : ", not all visible", ", must be ", kMinTokenBytes, " to ",
                     kMaxTokenBytes, " visible ASCII characters"));
  }
  if (IsBlank(who)) {
    return absl::InvalidArgumentError(absl::StrCat("invalid authorizer: who = \"", Printable(who),
                                                   "\", must not be empty or only spaces"));
  }
  return std::make_shared<const BearerToken>(std::move(token), std::move(who));
}

std::shared_ptr<const Authorizer> AllowLocalCallers() {
  return std::make_shared<const LocalCallers>();
}

std::shared_ptr<const Authorizer> AllowAnyOf(
    std::vector<std::shared_ptr<const Authorizer>> authorizers) {
  return std::make_shared<const AnyOf>(std::move(authorizers));
}

}  // namespace fusebox
