// SPDX-License-Identifier: MIT OR Apache-2.0
// UNTESTED: nothing in this project's tests compiles or runs Swift.
//
//     swiftc Decide.swift -I . -L ../../target/release
import CRefrain

var policy = refrain_policy()
var why = [CChar](repeating: 0, count: 200)
guard refrain_policy_parse("taylorseerlite:interval=3", MemoryLayout<refrain_policy>.size, &policy, &why, why.count) == 0
else { fatalError(String(cString: why)) }

var bytes = 0
refrain_scheduler_size(1, &bytes)
let memory = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: Int(REFRAIN_ALIGNMENT))
defer { memory.deallocate() }
var scheduler: OpaquePointer?
guard refrain_scheduler_init(memory, bytes, &policy, 20, 1, 1, &scheduler, &why, why.count) == 0
else { fatalError(String(cString: why)) }

var trace = ""
for step in 0..<UInt32(20) {
    var call = refrain_call(step: step, evaluation: 0, lane: 0, reserved: 0, time: 0)
    var todo = refrain_decision()
    guard refrain_scheduler_begin(scheduler, &call, &todo) == 0 else { fatalError("begin") }
    // Run the network where todo.action is 0 and keep its feature in slot todo.slot; else add up the
    // kept features times todo.weights.
    guard refrain_scheduler_commit(scheduler, todo.lane, nil, 0, nil) == 0 else { fatalError("commit") }
    trace.append(Character(UnicodeScalar(UInt8(bitPattern: refrain_action_letter(UInt32(todo.action))))))
}
print(trace)
