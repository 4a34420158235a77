// SPDX-License-Identifier: MIT OR Apache-2.0
// UNTESTED: nothing in this project's tests compiles or runs Kotlin. It was run by hand on 2026-11-26 with
// Kotlin 1.3, JNA 5.13 and OpenJDK 17 on Linux, never on Android. Needs JNA 5 (net.java.dev.jna:jna, on
// Android its .aar) and librefrain in jna.library.path or jniLibs.
package refrain

import com.sun.jna.Library
import com.sun.jna.Memory
import com.sun.jna.Native
import com.sun.jna.Pointer
import com.sun.jna.Structure
import com.sun.jna.ptr.LongByReference
import com.sun.jna.ptr.PointerByReference

// On 64-bit systems size_t is a Long.
interface C : Library {
    fun refrain_policy_size(): Long
    fun refrain_policy_parse(text: String, size: Long, policy: Pointer, why: ByteArray, room: Long): Int
    fun refrain_scheduler_size(lanes: Int, bytes: LongByReference): Int
    fun refrain_scheduler_init(
        memory: Pointer, bytes: Long, policy: Pointer, steps: Int, evaluations: Int, lanes: Int,
        scheduler: PointerByReference, why: ByteArray, room: Long
    ): Int
    fun refrain_scheduler_begin(scheduler: Pointer, call: Call, decision: Decision): Int
    fun refrain_scheduler_decide(scheduler: Pointer, lane: Int, values: DoubleArray, count: Int, decision: Decision): Int
    fun refrain_scheduler_commit(scheduler: Pointer, lane: Int, values: DoubleArray?, count: Int, event: Pointer?): Int
    fun refrain_scheduler_abandon(scheduler: Pointer, lane: Int): Int
    fun refrain_action_letter(action: Int): Byte

    companion object {
        val library: C = Native.load("refrain", C::class.java)
    }
}

@Structure.FieldOrder("step", "evaluation", "lane", "reserved", "time")
open class Call : Structure() {
    @JvmField var step = 0
    @JvmField var evaluation = 0
    @JvmField var lane = 0
    @JvmField var reserved = 0
    @JvmField var time = 0.0
}

@Structure.FieldOrder(
    "needs", "signal", "metric", "reference", "filter", "aligned", "lane", "action", "reason", "order",
    "slot", "weights", "lowWeights"
)
open class Decision : Structure() {
    @JvmField var needs = 0
    @JvmField var signal = 0
    @JvmField var metric = 0
    @JvmField var reference = 0
    @JvmField var filter = 0
    @JvmField var aligned = 0
    @JvmField var lane = 0
    @JvmField var action = 0
    @JvmField var reason = 0
    @JvmField var order = 0
    @JvmField var slot = 0
    @JvmField var weights = FloatArray(8)
    @JvmField var lowWeights = FloatArray(8)
}

fun main() {
    val c = C.library
    val why = ByteArray(200)
    fun check(status: Int) = check(status == 0) { "$status: ${Native.toString(why)}" }
    val policy = Memory(c.refrain_policy_size())
    check(c.refrain_policy_parse("taylorseerlite:interval=3", policy.size(), policy, why, why.size.toLong()))
    val bytes = LongByReference()
    check(c.refrain_scheduler_size(1, bytes))
    val memory = Memory(bytes.value + 16).align(16)
    val scheduler = PointerByReference()
    check(c.refrain_scheduler_init(memory, bytes.value, policy, 20, 1, 1, scheduler, why, why.size.toLong()))
    for (step in 0 until 20) {
        val call = Call().apply { this.step = step }
        val todo = Decision()
        check(c.refrain_scheduler_begin(scheduler.value, call, todo))
        // Run the network where todo.action is 0 and keep its feature in slot todo.slot; else add up the
        // kept features times todo.weights.
        check(c.refrain_scheduler_commit(scheduler.value, todo.lane, null, 0, null))
        print(c.refrain_action_letter(todo.action).toInt().toChar())
    }
    println()
}
