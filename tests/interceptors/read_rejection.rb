# SPDX-License-Identifier: Apache-2.0
#
# Reads the status details of a rejected call, as the program given prints them, with googleapis'
# own classes, and checks each field.
require 'English'
require 'google/protobuf/well_known_types'
require 'google/rpc/error_details_pb'
require 'google/rpc/status_pb'

def check(what, expected, actual)
  abort "#{what} is #{actual.inspect}, should be #{expected.inspect}" unless expected == actual
end

bytes = IO.popen([ARGV.fetch(0)], 'rb', &:read)
abort 'the program failed' unless $CHILD_STATUS.success?

status = Google::Rpc::Status.decode(bytes)
check 'code', 14, status.code
check 'message names the circuit', true, status.message.include?('echo/fusebox_testing.Echo/Unary')
check 'number of details', 2, status.details.size

error_info = status.details[0].unpack(Google::Rpc::ErrorInfo)
check 'reason', 'CIRCUIT_OPEN', error_info.reason
check 'domain', 'fusebox', error_info.domain
check 'metadata', { 'circuit' => 'echo/fusebox_testing.Echo/Unary', 'state' => 'OPEN' },
      error_info.metadata.to_h

retry_info = status.details[1].unpack(Google::Rpc::RetryInfo)
check 'retry delay', [12, 500_000_000], [retry_info.retry_delay.seconds,
                                         retry_info.retry_delay.nanos]
puts 'read'
