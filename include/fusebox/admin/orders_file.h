// SPDX-License-Identifier: Apache-2.0
//
// Standing orders (fusebox/standing_order.h) in a file, so that a process that is started again
// still obeys them:
//
//   fusebox::OrdersFileOptions options;
//   options.path = "/var/lib/checkout/orders";
//   options.registry = registry;
//   auto orders = fusebox::OrdersFile::Open(std::move(options));
//   if (!orders.ok()) return orders.status();
//   for (const std::string& warning : (*orders)->warnings()) std::clog << warning << '\n';
#ifndef FUSEBOX_ADMIN_ORDERS_FILE_H_
#define FUSEBOX_ADMIN_ORDERS_FILE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/export.h"

namespace fusebox {

struct OrdersFileOptions {
  // Of a file that this process alone uses, in a folder that it may write. A relative one is looked
  // up once, in `Open`. Of a symbolic link the file is where it leads, whether there is one yet or
  // not. Required.
  std::string path;

  // Whose orders. Required.
  std::shared_ptr<CircuitRegistry> registry;

  // Is told, in a sentence, when the file could not be written, and when it could be again: to log
  // it, say. Called by whoever has changed the orders, before another change is written: it must
  // neither ask for orders nor change them. May be empty.
  std::function<void(const std::string& problem)> on_problem;
};

// What became of the writing.
struct OrdersFileStatus {
  absl::Status last_write;  // OK, or why the file is not as the orders are
  int64_t writes = 0;       // that succeeded
  int64_t failed_writes = 0;
};

// Keeps the orders of a registry in a file until it is destroyed: after each change of them all are
// written to a file beside it, which takes its place once it is on the disk, before whoever made
// the change is answered. So the file has all orders of some moment, whenever the process is
// killed. A write that fails is told, changes nothing that is in force, and is made up for by the
// next one. Circuits' calls never wait for it.
//
// An order that would not be read as it is isn't in the file, and the write counts as a failed one:
// one, say, that the application has put back with a time before the year 1 or after 9999. Where
// fields are from (`PatchedField::source`) is not kept.
//
// Beside the file there are, of the same name with something behind it: `.lock`, which shows that a
// process uses it, and without which it doesn't write; `.new`, while it is written; `.broken-` and
// a time, for files of which not everything is in force, which nobody removes. What else is found
// under the first two names is removed. A forked child keeps nothing: it has orders of its own from
// then on.
//
// Thread-safety: every method may be called from any thread at any time.
// Ownership: shares the registry.
class FUSEBOX_EXPORT OrdersFile {
 public:
  // Puts back the orders of the file, if there is one, and keeps them from then on. For when there
  // are no circuits yet, and nobody gives orders. What is wrong with the file stops nothing: it is
  // kept beside, what could be read is in force, and `warnings` says so.
  //
  // INVALID_ARGUMENT for no path, one that leads to what is no file, or a null registry;
  // FAILED_PRECONDITION if another process has the file, or another object of this one; NOT_FOUND
  // if there is no such folder, or none where a symbolic link leads.
  static absl::StatusOr<std::unique_ptr<OrdersFile>> Open(OrdersFileOptions options);

  OrdersFile(const OrdersFile&) = delete;
  OrdersFile& operator=(const OrdersFile&) = delete;
  // Writes once more if the last write has failed, and lets others have the file.
  ~OrdersFile();

  // What was wrong at the start, a sentence each.
  const std::vector<std::string>& warnings() const;

  OrdersFileStatus status() const;

 private:
  class Impl;
  explicit OrdersFile(std::shared_ptr<Impl> impl);

  const std::shared_ptr<Impl> impl_;
};

}  // namespace fusebox

#endif  // FUSEBOX_ADMIN_ORDERS_FILE_H_
